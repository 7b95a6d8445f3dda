"""Boxes of faces, and how much they overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.face_model import Boxes
from common.pixels import Gray

Box = NDArray[np.int32]
"""``(4,) int32``: one row of ``Boxes``."""

SAME_FACE_OVERLAP = 0.5
"""Two boxes show one face from this share of the smaller one's area: real faces overlap less."""


def overlap_of_smaller(box: Box, boxes: Boxes) -> NDArray[np.float64]:
    """Return ``(n,) float64``: the intersection with each box over the smaller one's area.

    Unlike the intersection over the union this is 1 for a box within a box, which is how a cascade
    finds one face twice.
    """
    left_top = np.maximum(box[:2], boxes[:, :2])
    right_bottom = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    sides = np.clip(right_bottom - left_top, 0, None).astype(np.float64)
    smaller = np.minimum(np.prod(box[2:]), np.prod(boxes[:, 2:], axis=1))
    overlaps: NDArray[np.float64] = np.prod(sides, axis=1) / smaller
    return overlaps


def distinct_faces(boxes: Boxes) -> list[int]:
    """Return the places of the boxes that show another face than all before them.

    Args:
        boxes: ``(n, 4) int32``, the most trusted first.
    """
    kept: list[int] = []
    for place, box in enumerate(boxes):
        if not np.any(overlap_of_smaller(box, boxes[kept]) >= SAME_FACE_OVERLAP):
            kept.append(place)
    return kept


def check_gray_frame(gray: Gray) -> None:
    """Raise ValueError unless this is a grey frame, ``(height, width) uint8``."""
    if gray.ndim != 2 or gray.dtype != np.uint8:
        raise ValueError(
            f"expected a grey frame (height, width) uint8, got {gray.shape} {gray.dtype}"
        )
