"""The close look at one place: is there a face around this box, and where exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.opencv import cv2
from common.pixels import Gray
from detector.boxes import Box
from detector.cascade import CASCADE_SIDE_PX
from detector.resize import resize

SCALE_STEP = 1.03
FACE_PX = 36
"""Each face is seen at about this side, so that the cost does not grow with the face. OpenCV tries
every second pixel for faces below twice the cascade's side and every pixel above, so that a range
on both sides of that counts more detections for larger faces: seen at 48 px the boxes grew by an
eighth in ten frames of a still picture. The range of ``WIDE`` therefore ends there."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where to look around a box, and for which faces.

    Attributes:
        sides: Side of the window, in sides of the box.
        smallest: Side of the smallest face, in sides of the box.
        largest: Side of the largest face, in sides of the box.
    """

    sides: float
    smallest: float
    largest: float


NARROW = Window(sides=1.6, smallest=0.87, largest=1.15)
"""From one frame to the next a face hardly moves. Costs a third of ``WIDE``."""
WIDE = Window(sides=2.0, smallest=0.75, largest=1.33)
"""For a face that is new, has moved further, or was not seen in some frames."""


def best_in_window(
    cascade: cv2.CascadeClassifier, gray: Gray, box: Box, window: Window
) -> tuple[int, Box]:
    """Find the face with the most overlapping detections around a box.

    Args:
        cascade: Cascade for faces.
        gray: ``(height, width) uint8``.
        box: ``(4,) int32``, a box with an area, in pixels of this frame.
        window: Where to look.

    Returns:
        The number of its detections, and its box. 0 and the given box where there is none.
    """
    height, width = gray.shape
    x, y, box_width, box_height = box.tolist()
    reach = window.sides * box_width / 2
    centre_x, centre_y = x + box_width / 2, y + box_height / 2
    left, top = max(0, round(centre_x - reach)), max(0, round(centre_y - reach))
    right, bottom = min(width, round(centre_x + reach)), min(height, round(centre_y + reach))
    scale = FACE_PX / box_width
    size = (round((right - left) * scale), round((bottom - top) * scale))
    if min(size) < CASCADE_SIDE_PX:
        return 0, box
    faces, hits = cascade.detectMultiScale2(
        resize(gray[top:bottom, left:right], size),
        scaleFactor=SCALE_STEP,
        minNeighbors=1,
        minSize=(round(FACE_PX * window.smallest),) * 2,
        maxSize=(round(FACE_PX * window.largest),) * 2,
    )
    if len(faces) == 0:
        return 0, box
    # The place settles a draw: OpenCV's own order depends on its threads.
    best = max(range(len(faces)), key=lambda place: (hits[place], tuple(faces[place])))
    found: Box = np.rint(np.asarray(faces[best]) / scale + (left, top, 0, 0)).astype(np.int32)
    return int(hits[best]), found
