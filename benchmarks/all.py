"""Everything that the documents say of speed, measured in one go, in under twenty minutes.

    python -m benchmarks.all [--videos DIR] [--quick] [--only live,viewers]

Prints a section for each part. A whole run also writes them into ``docs/performance.md``, with
charts, and adds a line with the commit to ``benchmarks/history.csv``; with ``--quick`` or
``--only`` page and charts go to ``build/bench``, and no line is added. A commit that the files
differ from is marked. ``make bench`` installs what it takes and runs this.

Without ``--videos`` the recordings are made of the bundled clip; with it, of the clips in that
directory, which should show one person each. Where one measurement fails, the others go on.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.performance import (
    budget,
    cameras,
    command_parts,
    growth,
    history,
    hosts,
    live,
    scenes,
    sleeping,
    throughput,
    viewers,
)
from benchmarks.performance.page import section_lines, write_page
from benchmarks.performance.plan import Plan, quick_plan
from benchmarks.performance.recordings import Recordings, find_clips
from benchmarks.performance.steps import Outcome, Part, run_parts
from common.command import Command
from common.errors import ConfigError
from detector.detectors import DETECTORS
from tests.support.pipeline import ROOT

PARTS: tuple[Part[Any], ...] = (
    throughput.PART,
    scenes.PART,
    live.PART,
    cameras.PART,
    viewers.PART,
    *growth.PARTS,
    sleeping.PART,
    hosts.PART,
    command_parts.BROKER,
    budget.PART,
)
MEASURED = ("haar", "yunet")
"""Detectors that are measured where nothing else is asked for, those of them that there are."""
FER = ROOT / ".venv-fer"
PAGE, TRIAL_PAGE = ROOT / "docs" / "performance.md", ROOT / "build" / "bench" / "performance.md"


def names(text: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    """Return the names in a text, separated by commas.

    Raises:
        ConfigError: One of them is not known.
    """
    found = tuple(text.split(","))
    for name in found:
        if name not in known:
            raise ConfigError(f"{option} {name}: expected some of {', '.join(known)}")
    return found


def chosen_parts(only: str | None) -> list[Part[Any]]:
    """Return all parts, or those that are named."""
    known = tuple(part.name for part in PARTS)
    wanted = known if only is None else names(only, known, "--only")
    return [part for part in PARTS if part.name in wanted]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--videos", type=Path, help="directory of clips, one person each")
    parser.add_argument("--quick", action="store_true", help="see that it works, no more")
    parser.add_argument("--only", help=f"some of {', '.join(part.name for part in PARTS)}")
    parser.add_argument("--detectors", help=f"some of {', '.join(DETECTORS)}, the default first")


def run(options: argparse.Namespace) -> None:
    """Measure, print and write."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what was started, too
    commit = history.checked_out()
    parts = chosen_parts(options.only)
    known = tuple(DETECTORS)
    asked = options.detectors or ",".join(name for name in MEASURED if name in known)
    detectors = names(asked, known, "--detectors")
    fer = FER / "bin" / "python" if (FER / ".installed").exists() else None
    make_plan = quick_plan if options.quick else Plan
    with tempfile.TemporaryDirectory(prefix="ferstream-bench-") as folder:
        recordings = Recordings(find_clips(options.videos), Path(folder))
        outcomes = run_parts(parts, make_plan(recordings, detectors, fer))
    for outcome in outcomes:
        print("\n".join(section_lines(outcome)))
    is_whole = not (options.quick or options.only or options.detectors)
    write(outcomes, make_command(options), commit, for_good=is_whole)


def make_command(options: argparse.Namespace) -> str:
    """Return how somebody else does the same; where the clips are is nobody's business."""
    videos = " VIDEOS=DIR" if options.videos else ""
    given = {"--only": options.only, "--detectors": options.detectors}
    others = [f"{name} {value}" for name, value in given.items() if value]
    others += ["--quick"] if options.quick else []
    return f"make bench{videos}" + (f' OPTIONS="{" ".join(others)}"' if others else "")


def write(outcomes: list[Outcome], command: str, commit: str, *, for_good: bool) -> None:
    """Write the page, and for good also a line of the history."""
    page = PAGE if for_good else TRIAL_PAGE
    page.parent.mkdir(parents=True, exist_ok=True)
    write_page(outcomes, command, commit, page)
    if for_good:
        sections = (outcome.section for outcome in outcomes if outcome.section)
        history.add_line({k: v for section in sections for k, v in section.kept.items()}, commit)
    print(f"written to {page.relative_to(ROOT)}")


main = Command("benchmarks.all", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
