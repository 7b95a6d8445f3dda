"""Making faces unrecognisable.

Every box of the last half second is hidden, whether or not its track is shown: a face that the
detector misses for a few frames stays hidden. A face that it has never found is not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from common.opencv import cv2
from common.pixels import Bgr
from publisher.faces import Box

REMEMBERED_S = 0.5
MARGIN = 0.2
"""So much of a box's size is added on each side: hair and chin are outside of Haar's boxes."""
MOSAIC_CELLS = 6
"""A face of so few cells a side says nothing; gait and clothes still may."""


class RecentBoxes:
    """Where faces of one camera were in the last moments of the source's time."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, tuple[Box, ...]]] = deque()

    def add_boxes(self, pts_s: float, boxes: Sequence[Box]) -> None:
        """Take in the boxes of the next frame."""
        if self._seen and pts_s < self._seen[-1][0]:
            self._seen.clear()  # the clip began again
        self._seen.append((pts_s, tuple(boxes)))
        while self._seen[0][0] < pts_s - REMEMBERED_S:
            self._seen.popleft()

    def boxes(self) -> tuple[Box, ...]:
        """Return them all."""
        return tuple({box: None for _, boxes in self._seen for box in boxes})


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
