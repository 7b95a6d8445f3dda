"""Smoothing a track's probabilities over time, and choosing its label.

Exponential smoothing with a time constant instead of a factor per frame: the weight of the new
value is ``1 - exp(-dt / TIME_CONSTANT_S)``, with ``dt`` from the source's timestamps. So the same
face gives the same curve at any frame rate and however fast a recording is worked through.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

TIME_CONSTANT_S = 0.4
LABEL_MARGIN = 0.05
"""How far another expression must be ahead of the label before it takes its place."""
STANDSTILL_S = 1 / 30
"""Taken as ``dt`` where the source's timestamps stand still, so that values still move."""


@dataclass(frozen=True, slots=True)
class Smoothed:
    """A track's smoothed probabilities at ``at_s`` and the index of its label."""

    probabilities: tuple[float, ...]
    label: int
    at_s: float

    @property
    def confidence(self) -> float:
        """The smoothed probability of the label, 0 to 1."""
        return self.probabilities[self.label]


def smooth(before: Smoothed | None, probabilities: Sequence[float], at_s: float) -> Smoothed:
    """Take in the probabilities seen at ``at_s`` seconds.

    Args:
        before: The track so far; None for its first classification.
        probabilities: Of this frame.
        at_s: The frame's timestamp in the source, not before ``before.at_s``.
    """
    if before is None:
        now = tuple(float(value) for value in probabilities)
        return Smoothed(now, now.index(max(now)), at_s)
    elapsed_s = at_s - before.at_s
    weight = -math.expm1(-(elapsed_s if elapsed_s > 0 else STANDSTILL_S) / TIME_CONSTANT_S)
    now = tuple(
        old + weight * (float(new) - old)
        for old, new in zip(before.probabilities, probabilities, strict=True)
    )
    return Smoothed(now, _label(before.label, now), at_s)


def _label(label: int, probabilities: Sequence[float]) -> int:
    """Keep the label unless another is ahead by more than the margin."""
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    return best if probabilities[best] > probabilities[label] + LABEL_MARGIN else label
