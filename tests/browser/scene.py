"""A publisher in this process, whose cameras show what a test wants to see."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from msgspec import structs

from tests.publisher.material import (
    HAPPY,
    HEIGHT,
    WIDTH,
    Rig,
    camera_status,
    frame,
    meanwhile,
    pipeline,
    result,
    rig,
)

Faces = Sequence[tuple[tuple[int, int, int, int], Sequence[float] | None]]
NOBODY_KNOWS = (1 / 7,) * 7
"""Probabilities of a face that is uncertain."""
NEUTRAL = (0.02, 0.02, 0.02, 0.02, 0.01, 0.01, 0.9)
LEVELS, LEVEL = 50, 5
"""A picture that counts has one of so many shades, and so far apart."""


def counting(number: int) -> Faces:
    """Return a face that is so far from the left as the picture's shade says."""
    return [((10 + number % LEVELS, 30, 60, 60), HAPPY)]


def crowd(count: int) -> Faces:
    """Return faces in rows of six."""
    return [((4 + 26 * (at % 6), 30 + 40 * (at // 6), 20, 20), HAPPY) for at in range(count)]


@dataclass
class Scene:
    """What is seen from now on.

    Attributes:
        faces: Returns those of a frame by its number.
        cameras: Which cameras there are.
        stands_still: No frames come any more.
    """

    rig: Rig
    faces: Callable[[int], Faces]
    cameras: Sequence[str] = ("cam",)
    stands_still: bool = field(default=False, init=False)
    number: int = field(default=0, init=False)

    @property
    def url(self) -> str:
        return self.rig.url

    def publish(self) -> None:
        """Publish a frame of each camera, in a shade that tells its number."""
        self.rig.report(pipeline(*map(camera_status, self.cameras)))
        if self.stands_still:
            return
        self.number += 1
        shade = self.number % LEVELS * LEVEL
        self.rig.ring.write(0, np.full((HEIGHT, WIDTH, 3), shade, np.uint8))
        for camera in self.cameras:
            made = frame(self.number, camera, time.monotonic(), str(self.rig.ring.path))
            made = structs.replace(made, captured_at_ns=time.time_ns())
            self.rig.publish(result(made, self.faces(self.number)))


@contextmanager
def scene(faces: Callable[[int], Faces], cameras: Sequence[str] = ("cam",)) -> Iterator[Scene]:
    """Publish 25 frames a second, or as many as there is time for."""
    with tempfile.TemporaryDirectory(prefix="pub-") as folder, rig(Path(folder)) as made:
        shown = Scene(made, faces, cameras)
        with meanwhile(shown.publish, 0.04):
            yield shown
