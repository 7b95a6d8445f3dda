"""Making faces unrecognisable."""

from __future__ import annotations

from collections.abc import Iterable

from common.opencv import cv2
from common.pixels import Bgr
from publisher.faces import Box

MARGIN = 0.2
"""So much of a box's size is added on each side: hair and chin are outside of Haar's boxes."""
MOSAIC_CELLS = 6
"""A face of so few cells a side says nothing; gait and clothes still may."""


def blur(bgr: Bgr, boxes: Iterable[Box]) -> Bgr:
    """Return a copy of a picture in which what is in the boxes is a coarse mosaic."""
    drawn: Bgr = bgr.copy()
    height, width = bgr.shape[:2]
    for x, y, w, h in boxes:
        left, top = max(0, round(x - MARGIN * w)), max(0, round(y - MARGIN * h))
        right, bottom = (
            min(width, round(x + w * (1 + MARGIN))),
            min(height, round(y + h * (1 + MARGIN))),
        )
        if left >= right or top >= bottom:
            continue
        part = bgr[top:bottom, left:right]
        cells = cv2.resize(part, (MOSAIC_CELLS, MOSAIC_CELLS), interpolation=cv2.INTER_AREA)
        size = (right - left, bottom - top)
        drawn[top:bottom, left:right] = cv2.resize(cells, size, interpolation=cv2.INTER_NEAREST)
    return drawn
