"""Which box belongs to which track."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import lap
import numpy as np

LEAST_LIKENESS = -0.1
"""A pair less alike is not one face: boxes of one size about 0.85 of their width apart."""

AnyBox = tuple[float, float, float, float]


def assign(expected: Sequence[AnyBox], boxes: Sequence[AnyBox]) -> dict[int, int]:
    """Pair boxes with the tracks they are likest to; return the track's index by the box's.

    Of all ways to pair them the one with the largest sum, so that two faces that cross do not take
    each other's place for the sake of one good pair (Jonker and Volgenant, 1987,
    doi:10.1007/BF02278710).

    Args:
        expected: Where each track should be now: x, y, w, h.
        boxes: What was found.
    """
    gains = _gains(expected, boxes)
    pairs = {box: track for track, box in gains}
    if len(pairs) == len(set(pairs.values())) == len(gains):
        return pairs  # nobody has a choice
    return _best_pairs(gains, len(expected), len(boxes))


def _gains(expected: Sequence[AnyBox], boxes: Sequence[AnyBox]) -> dict[tuple[int, int], float]:
    """Return how far each pair of a track and a box is above the least likeness, where it is.

    Where centres are further apart, across or down, than the longest side of any box, no pair is:
    nothing overlaps, and the box around both is at most twice as wide and high as that distance.
    """
    reach = max((side for _, _, *sides in (*expected, *boxes) for side in sides), default=0.0)
    centres = [(at, x + w / 2, y + h / 2) for at, (x, y, w, h) in enumerate(boxes)]
    gains = {}
    for track, place in enumerate(expected):
        x, y, w, h = place
        middle_x, middle_y = x + w / 2, y + h / 2
        for at, box_x, box_y in centres:
            if abs(box_x - middle_x) <= reach and abs(box_y - middle_y) <= reach:
                gain = likeness(place, boxes[at]) - LEAST_LIKENESS
                if gain > 0:
                    gains[track, at] = gain
    return gains


def _best_pairs(gains: Mapping[tuple[int, int], float], tracks: int, boxes: int) -> dict[int, int]:
    """Return the pairs with the largest sum of gains, the track by the box."""
    cost = np.zeros((tracks, boxes))
    for pair, gain in gains.items():
        cost[pair] = -gain
    _, box_of, _ = lap.lapjv(cost, extend_cost=True)
    chosen = enumerate(box_of.tolist())
    return {box: track for track, box in chosen if (track, box) in gains}


def likeness(a: AnyBox, b: AnyBox) -> float:
    """Return how alike two boxes are, 1 for the same.

    The distance-IoU of Zheng et al. (2020, arXiv:1911.08287): intersection over union less the
    squared distance of the centres over the squared diagonal of the box around both. It tells
    near from far where nothing overlaps, too.
    """
    (ax, ay, aw, ah), (bx, by, bw, bh) = a, b
    wide = max(ax + aw, bx + bw) - min(ax, bx)
    high = max(ay + ah, by + bh) - min(ay, by)
    shared = max(0.0, aw + bw - wide) * max(0.0, ah + bh - high)
    union = aw * ah + bw * bh - shared
    across, down = ax + aw / 2 - bx - bw / 2, ay + ah / 2 - by - bh / 2
    around = wide * wide + high * high
    overlap = shared / union if union > 0 else 0.0
    return overlap - (across * across + down * down) / around if around > 0 else overlap
