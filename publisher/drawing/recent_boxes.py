"""Where faces were in the last moments, which is what a blurred picture hides.

Every box of the last half second counts, whether or not its track is shown: a face that the
detector misses for a few frames stays hidden. A face that it has never found is not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from publisher.faces import Box

REMEMBERED_S = 0.5


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
