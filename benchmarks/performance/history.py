"""A line a run: what was measured, of which commit, on which machine."""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.performance.machine import processor
from common.errors import ConfigError
from common.files import replacing
from tests.support.pipeline import ROOT

FILE = ROOT / "benchmarks" / "history.csv"
OUTPUTS = ("docs/performance.md", "docs/performance", "benchmarks/history.csv")
"""What a run writes itself: not counted as a change of what it measures."""


def checked_out() -> str:
    """Return the commit that is checked out, with ``-dirty`` where files differ from it.

    Raises:
        ConfigError: There is no git, or this is no checkout.
    """
    others = [f":(exclude){path}" for path in OUTPUTS]
    changed = _git("status", "--porcelain", "--", ".", *others)
    return _git("rev-parse", "--short=10", "HEAD") + ("-dirty" if changed else "")


def add_line(figures: Mapping[str, float], commit: str, file: Path = FILE) -> None:
    """Add a line to the history; columns that are new are empty in the lines before.

    Args:
        figures: By column.
        commit: What was measured.
        file: A CSV, made where there is none.
    """
    line = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "commit": commit,
        "processor": processor(),
        "cores": str(os.cpu_count()),
        **{name: f"{value:.4g}" for name, value in figures.items()},
    }
    before: list[dict[str, str]] = []
    if file.exists():
        with file.open(newline="") as old:
            before = list(csv.DictReader(old))
    columns = list(dict.fromkeys(name for row in (*before, line) for name in row))
    with replacing(file) as new, new.open("w", newline="") as written:
        writer = csv.DictWriter(written, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*before, line])


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ConfigError(
            "the figures are kept with the commit they are of: expected a checkout by git"
        ) from error
    return done.stdout.strip()
