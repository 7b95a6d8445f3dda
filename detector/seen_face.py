"""A face as a detector sees it in one frame, and what of the frame its crop shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.face_model import Boxes, no_boxes
from detector.boxes import Box

Landmarks = NDArray[np.float64]
"""``(5, 2) float64``: right eye, left eye, tip of the nose, right and left corner of the mouth, as
x and y in pixels of the frame. Right and left are the person's."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenFace:
    """A face.

    Attributes:
        box: Where it is.
        landmarks: Where its parts are; None from a detector that does not look for them.
        certain: Whether a face that is followed was seen as surely as a new one has to be.
    """

    box: Box
    landmarks: Landmarks | None = None
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Square:
    """The part of a frame that a crop shows.

    Attributes:
        left: Its left edge before it is turned, in pixels of the frame.
        top: Its upper edge, likewise.
        side: Its side, in pixels.
        roll_deg: How far it is turned about its centre, clockwise.
    """

    left: int
    top: int
    side: int
    roll_deg: float = 0.0


def square_around(box: Box, margin: float) -> Square:
    """Return the square around a box's centre.

    Args:
        box: The box.
        margin: What is added to the box's longer side on each side, as a fraction of it.
    """
    x, y, width, height = box.tolist()
    side = max(1, round(max(width, height) * (1 + 2 * margin)))
    return Square(x + (width - side) // 2, y + (height - side) // 2, side)


def boxes_of(faces: Sequence[SeenFace]) -> Boxes:
    """Return ``(n, 4) int32``, also for no faces."""
    return np.stack([face.box for face in faces]) if faces else no_boxes()
