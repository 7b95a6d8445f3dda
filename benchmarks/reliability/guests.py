"""Viewers and cameras that come and go while a pipeline runs."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import count

from tests.support.http_stream import HttpStream
from tests.support.pipeline import Pipeline
from tests.support.waiting import DEADLINE_S

PATHS = ("/video_feed", "/video_feed?blur=1", "/events")
VIEWERS, CAMERAS = 8, 2
"""So many at once."""
VIEWER_STAYS_S, CAMERA_STAYS_S = (1.0, 20.0), (15.0, 60.0)
PAUSE_S = (0.5, 5.0)
SLOW_BYTES = 4096
"""What the system keeps for a viewer that reads nothing."""
READ_BYTES = 65_536


class Guests:
    """Comes and goes in threads while it is entered.

    Half of the viewers read nothing of what they are sent; a camera in two is killed with -9.

    Args:
        pipeline: Where they go.
        seed: Of the random numbers that decide who comes when, and for how long.

    Attributes:
        came: How many came, by kind, and how many were turned away or cut off.
    """

    def __init__(self, pipeline: Pipeline, seed: int) -> None:
        self.came: Counter[str] = Counter()
        self._pipeline = pipeline
        self._cameras = count(1)
        self._stop = threading.Event()
        visits = [self._view] * VIEWERS + [self._film] * CAMERAS
        self._threads = [
            threading.Thread(target=self._visit, args=[visit, random.Random(f"{seed} {number}")])  # noqa: S311
            for number, visit in enumerate(visits)
        ]

    def __enter__(self) -> Guests:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, visit: Callable[[random.Random], None], chance: random.Random) -> None:
        while not self._stop.wait(chance.uniform(*PAUSE_S)):
            visit(chance)

    def _view(self, chance: random.Random) -> None:
        self.came["viewers"] += 1
        path, reads = chance.choice(PATHS), chance.random() < 0.5
        leaves_at = time.monotonic() + chance.uniform(*VIEWER_STAYS_S)
        try:
            with HttpStream(self._pipeline.url, path, 0 if reads else SLOW_BYTES) as stream:
                while time.monotonic() < leaves_at and not self._stop.wait(0.0 if reads else 0.2):
                    if reads and not stream.read_some(READ_BYTES):
                        self.came["cut off"] += 1
                        return
        except (OSError, EOFError):
            self.came["turned away"] += 1

    def _film(self, chance: random.Random) -> None:
        self.came["cameras"] += 1
        name, stays_s = f"guest{next(self._cameras)}", chance.uniform(*CAMERA_STAYS_S)
        capture = self._pipeline.start_worker(
            "capture", CAPTURE_CAMERA=name, CAPTURE_SOURCE="demo", CAPTURE_LOOP="1"
        )
        self._stop.wait(stays_s)
        if chance.random() < 0.5:
            capture.kill()
        else:
            capture.terminate()
        capture.wait(DEADLINE_S)
