"""Hold the pinned versions against what is known to be wrong with them.

pip-audit asks the package index about each of them. What it cannot ask about, because the index
does not answer or has no such service, is held against ``tools/audit/advisories.json``, a list that
was read by hand and is as old as it says. The exit code is 2 where a pinned version has a known
fault that the list does not accept with a reason.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from common.command import Command
from common.errors import FerstreamError
from tools.audit.advisories import Advisory, Pin, advisories, faults, pins, read_on

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
PATIENCE_S = 120
ASK = (
    *(sys.executable, "-m", "pip_audit", "--requirement", str(CONSTRAINTS), "--no-deps"),
    *("--disable-pip", "--format", "json", "--aliases", "on"),
    *("--timeout", "5", "--progress-spinner", "off"),
)


class FaultyPinError(FerstreamError):
    """A pinned version has a known fault."""


def ask() -> dict[str, list[list[str]]]:
    """Return what the package index knows of the pinned versions; nothing where it cannot."""
    try:
        asked = subprocess.run(ASK, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return {}
    return answer_of(asked.stdout)


def answer_of(said: str) -> dict[str, list[list[str]]]:
    """Return the faults of each package that the index knows, each fault as all of its ids.

    Args:
        said: What pip-audit says in JSON, or anything else where it could not ask. A package that
            the index does not know is no fault to it; here it was not asked about.
    """
    try:
        answer = json.loads(said)
    except json.JSONDecodeError:
        return {}
    return {
        item["name"]: [[fault["id"], *fault["aliases"]] for fault in item["vulns"]]
        for item in answer["dependencies"]
        if "vulns" in item
    }


def complaints(
    pinned: list[Pin], known: list[Advisory], asked: dict[str, list[list[str]]]
) -> tuple[list[str], list[str]]:
    """Return what is wrong with the pinned versions, and what of that is accepted.

    Args:
        pinned: All that is pinned.
        known: The committed list.
        asked: What the index said.
    """
    wrong, accepted = [], []
    said: set[tuple[str, str]] = set()
    for pin, advisory in faults(pinned, known):
        said.update((pin.name, name) for name in advisory.ids)
        line = f"{pin.name} {pin.version}: {advisory.id}, {advisory.what}"
        if advisory.accepted:
            accepted.append(f"{line}. {advisory.accepted}")
        else:
            wrong.append(line)
    for name, found in asked.items():
        wrong += [f"{name}: {ids[0]}" for ids in found if not said & {(name, i) for i in ids}]
    return wrong, accepted


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options: there are none."""


def run(_: argparse.Namespace) -> None:
    """Hold the versions against index and list.

    Raises:
        FaultyPinError: One of them has a known fault.
    """
    pinned, asked = pins(CONSTRAINTS.read_text()), ask()
    wrong, accepted = complaints(pinned, advisories(), asked)
    sys.stdout.writelines(f"accepted: {line}\n" for line in accepted)
    names = {pin.name for pin in pinned}
    sys.stdout.write(
        f"{len(names & asked.keys())} of {len(names)} pinned packages were asked about at the "
        f"index; all were held against the list of {read_on()}\n"
    )
    if wrong:
        raise FaultyPinError(
            "pin versions without these faults in constraints.txt, or accept them with a reason "
            "in tools/audit/advisories.json:\n" + "\n".join(wrong)
        )


main = Command("tools.audit", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
