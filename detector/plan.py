"""What is searched for in which frame: everything at once, or a part in each of several frames.

Where the age of every single picture matters, a full search is divided by the side of the faces and
by their place into parts, for different frames; each detector has its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SearchPart:
    """Which faces are looked for.

    Attributes:
        smallest: Side of the smallest, in multiples of the smallest side that is ever looked for.
        largest: Side of the largest, likewise.
        left: Where the part of the frame begins, as a fraction of its width.
        right: Where it ends. Faces that lie across an end are in both parts.
        shrink: In a picture of so many times smaller sides, where a detector can do that.
    """

    smallest: float = 1.0
    largest: float = math.inf
    left: float = 0.0
    right: float = 1.0
    shrink: int = 1

    def columns(self, width: int, largest: int) -> tuple[int, int]:
        """Return the columns of a frame to search, with room for a face across the part's ends.

        Args:
            width: Of the frame.
            largest: Side of the largest face.

        Returns:
            The first column, and the first one behind the last; there is always one.
        """
        left = round(self.left * width) - largest // 2 if self.left > 0 else 0
        right = round(self.right * width) + largest // 2 if self.right < 1 else width
        left = min(max(0, left), width - 1)
        return left, max(left + 1, min(width, right))


EVERYTHING = SearchPart()

Plan = tuple[SearchPart | None, ...]
"""What is searched for in each frame of a cycle, apart from following: None is nothing. The very
first frame is always searched for everything."""


def whole_plan(interval_frames: int) -> Plan:
    """Search for everything in the first frame of every ``interval_frames``."""
    return (EVERYTHING, *[None] * (interval_frames - 1))


def spread_plan(parts: Sequence[SearchPart], interval_frames: int) -> Plan:
    """Spread the parts of a search over frames, as evenly as whole frames allow."""
    if interval_frames < len(parts):
        return whole_plan(interval_frames)
    plan: list[SearchPart | None] = [None] * interval_frames
    for number, part in enumerate(parts):
        plan[number * interval_frames // len(parts)] = part
    return tuple(plan)
