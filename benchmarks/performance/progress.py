"""How far a lossless run has come, as its growing file of results says."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SAMPLE_S = 0.05
TAIL_BYTES = 4096
"""More than a record has."""
STEADY = (0.2, 0.95)
"""The part of the frames in which everything runs."""
LEAST_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Steady:
    """The time in which everything runs, on the wall clock, and how fast frames go in it."""

    start_s: float
    end_s: float
    fps: float


class Progress:
    """Notes, while it is entered, which frame has been recorded last.

    Args:
        results: The CSV that the pipeline writes, each frame as it is published.
    """

    def __init__(self, results: Path) -> None:
        self._results = results
        self._samples: list[tuple[float, int]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def steady(self, frames: int) -> Steady:
        """Return the steady part of a run of so many frames.

        Raises:
            RuntimeError: It was too short to be seen.
        """
        return steady_part(self._samples, frames)

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            frame_id = last_frame_id(self._results)
            if frame_id is not None:
                self._samples.append((time.time(), frame_id))


def last_frame_id(results: Path) -> int | None:
    """Return the frame of the last whole record in a CSV; None where there is none yet."""
    if not results.exists():
        return None
    with results.open("rb") as file:
        file.seek(max(0, results.stat().st_size - TAIL_BYTES))
        lines = file.read().split(b"\n")[:-1]
    fields = lines[-1].split(b",") if lines else []
    return int(fields[1]) if len(fields) > 1 and fields[1].isdigit() else None


def steady_part(samples: Sequence[tuple[float, int]], frames: int) -> Steady:
    """Find the steady part of a run.

    Frames leave in runs of several, so the rate is that of a line through all of the part.

    Args:
        samples: When, on the wall clock, which frame had been recorded last.
        frames: How many the recording has.

    Raises:
        RuntimeError: There are too few samples in it.
    """
    first, last = (share * frames for share in STEADY)
    part = [(at_s, frame_id) for at_s, frame_id in samples if first <= frame_id <= last]
    if len(part) < LEAST_SAMPLES:
        raise RuntimeError(f"{frames} frames went by in {len(part)} samples: too few to tell")
    at_s, frame_ids = np.array(part).T
    fps, _ = np.polyfit(at_s - at_s[0], frame_ids, 1).tolist()
    return Steady(part[0][0], part[-1][0], fps)
