"""Which box belongs to which track."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

LEAST_LIKENESS = -0.1
"""A pair less alike is not one face: boxes of one size about 0.85 of their width apart."""

AnyBox = tuple[float, float, float, float]


def assign(expected: Sequence[AnyBox], boxes: Sequence[AnyBox]) -> dict[int, int]:
    """Pair boxes with the tracks they are likest to; return the track's index by the box's.

    Of all ways to pair them the one with the largest sum, so that two faces that cross do not take
    each other's place for the sake of one good pair (Kuhn, 1955, doi:10.1002/nav.3800020109).

    Args:
        expected: Where each track should be now: x, y, w, h.
        boxes: What was found.
    """
    if not expected or not boxes:
        return {}
    gain = likeness(np.array(expected, np.float64), np.array(boxes, np.float64)) - LEAST_LIKENESS
    gain = np.maximum(gain, 0.0)
    pairs = zip(*linear_sum_assignment(gain, maximize=True), strict=True)
    return {int(box): int(track) for track, box in pairs if gain[track, box] > 0}


def likeness(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how alike each of ``(n, 4)`` is to each of ``(m, 4)`` boxes, 1 for the same box.

    The distance-IoU of Zheng et al. (2020, arXiv:1911.08287): intersection over union less the
    squared distance of the centres over the squared diagonal of the box around both. It tells
    near from far where nothing overlaps, too.
    """
    low, high = a[:, None, :2], a[:, None, :2] + a[:, None, 2:]
    other_low, other_high = b[None, :, :2], b[None, :, :2] + b[None, :, 2:]
    apart = ((low + high - other_low - other_high) ** 2).sum(axis=2) / 4
    around = ((np.maximum(high, other_high) - np.minimum(low, other_low)) ** 2).sum(axis=2)
    return overlaps(a, b) - _ratio(apart, around)


def overlaps(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the intersection over union of each of ``(n, 4)`` with each of ``(m, 4)`` boxes."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = a[:, None, 2:].prod(axis=2) + b[None, :, 2:].prod(axis=2) - shared
    return _ratio(shared, union)


def _ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; 0 where there is nothing to divide by."""
    result: NDArray[np.float64] = np.divide(a, b, out=np.zeros_like(a), where=b > 0)
    return result
