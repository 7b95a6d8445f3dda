"""What is searched for in which frame: everything at once, or a part in each of several frames.

Where the age of every single picture matters, a full search is divided by the side of the faces and
by their place into parts of about a sixth each, for different frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SearchPart:
    """Which faces are looked for.

    Attributes:
        smallest: Side of the smallest, in multiples of the smallest side that is ever looked for.
        largest: Side of the largest, likewise.
        left: Where the part of the frame begins, as a fraction of its width.
        right: Where it ends. Faces that lie across an end are in both parts.
    """

    smallest: float = 1.0
    largest: float = math.inf
    left: float = 0.0
    right: float = 1.0


EVERYTHING = SearchPart()
PARTS = (
    SearchPart(1.0, 1.25, right=0.5),
    SearchPart(1.0, 1.25, left=0.5),
    SearchPart(1.2, 1.75),
    SearchPart(1.7, 2.55, right=0.5),
    SearchPart(1.7, 2.55, left=0.5),
    SearchPart(2.45),
)
"""The coarse pass takes sides 1.2 apart, so these are its sides 1 and 2, 2 to 4, 4 to 6, 6 and
above; they share a side, for a face shows at neighbouring ones. A side costs the inverse square of
it, and from twice the cascade's side on four times that, for OpenCV then tries every pixel and not
every second: 16, 16, 28, 18, 18 and 37 % of the cost of ``EVERYTHING``, shared sides twice."""

Plan = tuple[SearchPart | None, ...]
"""What is searched for in each frame of a cycle, apart from following: None is nothing. The very
first frame is always searched for everything."""


def whole_plan(interval_frames: int) -> Plan:
    """Search for everything in the first frame of every ``interval_frames``."""
    return (EVERYTHING, *[None] * (interval_frames - 1))


def spread_plan(interval_frames: int) -> Plan:
    """Spread the search over frames, as evenly as whole frames allow."""
    if interval_frames < len(PARTS):
        return whole_plan(interval_frames)
    plan: list[SearchPart | None] = [None] * interval_frames
    for number, part in enumerate(PARTS):
        plan[number * interval_frames // len(PARTS)] = part
    return tuple(plan)
