"""Runs that analyse a whole clip, and reading what they recorded."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

FRAMES = 150
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Reference:
    """The results of a run that nothing disturbed, and what it logged."""

    path: Path
    rows: Rows
    log: list[str]


def analyse(clip: Path, results: Path, *arguments: str, **settings: str | Path) -> Pipeline:
    return Pipeline(
        *arguments,
        CAPTURE_SOURCE=clip,
        CAPTURE_MODE="lossless",
        PUBLISHER_RESULTS=results,
        **settings,
    )


def rows_of(results: Path) -> Rows:
    """Return the records; none where there is no file yet."""
    if not results.exists():
        return []
    with results.open(newline="") as file:
        return list(csv.DictReader(file))


def frame_ids(rows: Rows) -> list[int]:
    return list(dict.fromkeys(int(row["frame_id"]) for row in rows))


def wait_recorded(results: Path, frames: int) -> None:
    """Wait until so many frames have their records, in a CSV file or a journal of one."""
    eventually(lambda: len(frame_ids(rows_of(results))) > frames, f"{frames} recorded frames")
