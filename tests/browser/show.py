"""A publisher in this process, whose page shows what a test wants to be seen."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from common.messages import CameraStatus
from publisher.faces import Box
from tests.publisher.material import (
    HAPPY,
    SAD,
    Rig,
    camera_status,
    frame,
    meanwhile,
    pipeline,
    result,
    rig,
)

INTERVAL_S = 0.05
UPTIME_S = 60.0
"""Of the broker: one that has just started may not know yet what cameras there are."""


def places(count: int, top: int = 0) -> list[Box]:
    """Return boxes that stand in rows of four, the first row at ``top``."""
    return [(10 + 36 * (at % 4), top + 30 * (at // 4), 20, 20) for at in range(count)]


class Show:
    """What is published, frame by frame; a test changes it while it goes on.

    Attributes:
        boxes: Where the faces are; every other one is happy, the rest are sad.
        cameras: What the broker says of the cameras.
        delay_s: How long before they are published frames were captured.
    """

    def __init__(self, running: Rig) -> None:
        self.rig = running
        self.boxes: Sequence[Box] = places(1)
        self.cameras: tuple[CameraStatus, ...] = (camera_status(),)
        self.delay_s = 0.0

    def publish(self, captured_s: float | None = None) -> None:
        """Publish one more frame, of now unless told otherwise."""
        made = self.rig
        made.frames += 1
        at_s = time.time() if captured_s is None else captured_s
        sent = structs.replace(
            frame(made.frames, ring=str(made.ring.path)),
            captured_at_ns=int(at_s * 1e9),
            captured_mono_ns=time.monotonic_ns() - int(self.delay_s * 1e9),
        )
        made.ring.write(0, np.full(made.ring.shape, made.frames * 7 % 250, np.uint8))
        faces = [(box, (HAPPY, SAD)[at % 2]) for at, box in enumerate(self.boxes)]
        made.publish(result(sent, faces))

    def report(self) -> None:
        """Report what the cameras do."""
        self.rig.report(structs.replace(pipeline(*self.cameras), uptime_s=UPTIME_S))

    def go_on(self) -> None:
        """Report what the cameras do; publish a frame where one of them runs."""
        self.report()
        if any(camera.online and not camera.ended for camera in self.cameras):
            self.publish()


@contextmanager
def show(folder: Path, before_s: Sequence[float] = (), **settings: Any) -> Iterator[Show]:
    """Run a show; ``before_s`` says how long ago there were frames before it."""
    with rig(folder, **settings) as made:
        shown = Show(made)
        shown.report()
        for ago_s in before_s:
            shown.publish(time.time() - ago_s)
        with meanwhile(shown.go_on, INTERVAL_S):
            yield shown
