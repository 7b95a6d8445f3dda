"""Frames a second of an archive, beside the best of a pipeline on the same recording.

    python -m benchmarks.archive [--videos 4] [--rounds 3]

``ferstream archive`` analyses copies of the bundled clip, its start included; the pipeline analyses
one of them in lossless mode, and what counts is its speed while everything runs, its start apart.
Each round has both, in turn. Prints the medians and the ratio of each round.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.performance.recordings import count_frames
from benchmarks.performance.report import spread, table
from benchmarks.performance.runs import run_lossless
from common.command import Command
from common.cores import usable_cores
from tests.support.media import DEMO
from tests.support.pipeline import ROOT

DETECTORS = ("haar", "yunet")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--videos", type=int, default=4, help="copies in the archive (4)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs (3)")


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="ferstream-") as name:
        folder = Path(name) / "archive"
        folder.mkdir()
        for number in range(options.videos):
            shutil.copy(DEMO, folder / f"{number}.mp4")
        for detector in DETECTORS:
            archived, piped = [], []
            for _ in range(options.rounds):
                archived.append(_archive_fps(folder, detector))
                piped.append(run_lossless(DEMO, {"DETECTOR": detector}).steady_fps)
            ratios = [one / other for one, other in zip(archived, piped, strict=True)]
            rows.append([detector, spread(archived), spread(piped), spread(ratios, 2)])
    print(
        f"{options.videos} videos of {count_frames(DEMO)} frames on {usable_cores()} cores, "
        f"medians of {options.rounds} rounds (smallest and largest):\n"
    )
    titles = ("detector", "archive, frames/s", "pipeline, frames/s", "times the pipeline")
    print(table(titles, rows).markdown())


def _archive_fps(folder: Path, detector: str) -> float:
    """Return the frames a second from the start of the command to its end."""
    frames = count_frames(DEMO) * len(list(folder.iterdir()))
    with tempfile.TemporaryDirectory(prefix="ferstream-") as results:
        command = ["archive", str(folder), "--to", results, "--detector", detector]
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "ferstream", *command], cwd=ROOT, check=True, capture_output=True
        )
        return frames / (time.perf_counter() - started)


main = Command("benchmarks.archive", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
