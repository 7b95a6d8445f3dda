"""The committed list of known faults, and the versions that it is held against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

LIST = Path(__file__).with_name("advisories.json")


@dataclass(frozen=True, slots=True)
class Advisory:
    """A known fault of some versions of a package.

    Attributes:
        id: What it is called where it was read.
        aliases: What it is called elsewhere.
        package: The package's name, normalized.
        affected: The versions that have it: those within any of these.
        what: What it is.
        accepted: Why such a version may be pinned all the same; empty where it may not.
    """

    id: str
    aliases: tuple[str, ...]
    package: str
    affected: tuple[SpecifierSet, ...]
    what: str
    accepted: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """All that it is called."""
        return (self.id, *self.aliases)


@dataclass(frozen=True, slots=True)
class Pin:
    """A version of a package that is installed, on some version of Python at least."""

    name: str
    version: Version


def advisories() -> list[Advisory]:
    """Return the committed list."""
    return [
        Advisory(
            item["id"],
            tuple(item["aliases"]),
            canonicalize_name(item["package"]),
            tuple(map(SpecifierSet, item["affected"])),
            item["what"],
            item.get("accepted", ""),
        )
        for item in _list()["advisories"]
    ]


def read_on() -> str:
    """Return the day on which the list was read."""
    return str(_list()["read"])


def _list() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(LIST.read_text())
    return content


def pins(constraints: str) -> list[Pin]:
    """Return what a file of constraints pins, on whichever version of Python.

    Raises:
        ValueError: A line pins no single version.
    """
    found = []
    for line in constraints.splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        requirement = Requirement(text)
        (specifier,) = requirement.specifier
        if specifier.operator != "==":
            raise ValueError(f"expected NAME==VERSION, got {text}")
        found.append(Pin(canonicalize_name(requirement.name), Version(specifier.version)))
    return found


def faults(pinned: Iterable[Pin], known: Iterable[Advisory]) -> Iterator[tuple[Pin, Advisory]]:
    """Yield each pinned version with each fault that it is known to have."""
    by_name: dict[str, list[Advisory]] = {}
    for advisory in known:
        by_name.setdefault(advisory.package, []).append(advisory)
    for pin in pinned:
        for advisory in by_name.get(pin.name, ()):
            if any(within.contains(pin.version, prereleases=True) for within in advisory.affected):
                yield pin, advisory
