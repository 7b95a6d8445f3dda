"""A publisher in this process, whose page shows what a test wants to be seen."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
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

Faces = Sequence[tuple[Box, Sequence[float] | None]]
INTERVAL_S = 0.04
UPTIME_S = 60.0
"""Of the broker: one that has just started may not know yet what cameras there are."""
LEVELS, LEVEL = 50, 5
"""A picture has one of so many shades, and so far apart."""


def counting(number: int) -> Faces:
    """Return a face that is so far from the left as the picture's shade says."""
    return [((10 + number % LEVELS, 30, 60, 60), HAPPY)]


def crowd(count: int, top: int = 0) -> Faces:
    """Return faces in rows of four, the first row at ``top``; every other one is happy."""
    boxes = [(10 + 36 * (at % 4), top + 30 * (at // 4), 20, 20) for at in range(count)]
    return [(box, (HAPPY, SAD)[at % 2]) for at, box in enumerate(boxes)]


class Show:
    """What is published, frame by frame; a test changes it while it goes on.

    Attributes:
        faces: Returns those of a frame by its number.
        cameras: What the broker says of the cameras.
        delay_s: How long before they are published frames were captured.
        stands_still: No frames come any more.
    """

    def __init__(
        self, running: Rig, faces: Callable[[int], Faces], cameras: Sequence[CameraStatus]
    ) -> None:
        self.rig = running
        self.faces = faces
        self.cameras = tuple(cameras)
        self.delay_s = 0.0
        self.stands_still = False

    @property
    def url(self) -> str:
        return self.rig.url

    def publish(self, captured_s: float | None = None) -> None:
        """Publish one more frame of each camera that runs, of now unless told otherwise."""
        made = self.rig
        made.frames += 1
        at_s = time.time() if captured_s is None else captured_s
        made.ring.write(0, np.full(made.ring.shape, made.frames % LEVELS * LEVEL, np.uint8))
        for camera in self.cameras:
            if not camera.online or camera.ended:
                continue
            sent = structs.replace(
                frame(made.frames, camera.camera, ring=str(made.ring.path)),
                captured_at_ns=int(at_s * 1e9),
                captured_mono_ns=time.monotonic_ns() - int(self.delay_s * 1e9),
            )
            made.publish(result(sent, self.faces(made.frames)))

    def report(self) -> None:
        """Report what the cameras do."""
        self.rig.report(structs.replace(pipeline(*self.cameras), uptime_s=UPTIME_S))

    def go_on(self) -> None:
        """Report what the cameras do; publish a frame of each that runs."""
        self.report()
        if not self.stands_still:
            self.publish()


@contextmanager
def show(
    faces: Callable[[int], Faces] = lambda _: crowd(1),
    cameras: Sequence[CameraStatus] = (camera_status(),),
    before_s: Sequence[float] = (),
    **settings: Any,
) -> Iterator[Show]:
    """Run a show: 25 frames a second, or as many as there is time for.

    Args:
        faces: As ``Show`` has it.
        cameras: As ``Show`` has it.
        before_s: How long ago there were frames before it.
        settings: Those of ``rig``.
    """
    with (
        tempfile.TemporaryDirectory(prefix="pub-") as folder,
        rig(Path(folder), **settings) as made,
    ):
        shown = Show(made, faces, cameras)
        shown.report()
        for ago_s in before_s:
            shown.publish(time.time() - ago_s)
        with meanwhile(shown.go_on, INTERVAL_S):
            yield shown
