"""Smoothing a track's probabilities over time, and choosing its label.

Exponential smoothing with a time constant instead of a factor per frame: the weight of the new
value is ``1 - exp(-dt / TIME_CONSTANT_S)``, with ``dt`` from the source's timestamps. So the same
face gives the same curve at any frame rate and however fast a recording is worked through.

Two hystereses keep the label from flickering: another expression must be ahead by a margin before
it takes the label's place, and a label that was uncertain must be a little surer to be named again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from common.face_model import LABELS

TIME_CONSTANT_S = 0.4
LABEL_MARGIN = 0.15
"""How far another expression must be ahead of the leading one before it takes its place."""
UNCERTAIN = "uncertain"
UNCERTAIN_BELOW = 0.35
"""A label less probable than this is not named: on the validation split of FER-2013 the bundled
model is right on 30 % of the faces below it (which are 4 % of all) and on 73 % of those above."""
CERTAIN_FROM = 0.50
STANDSTILL_S = 1 / 30
"""Taken as ``dt`` where the source's timestamps stand still, so that values still move."""


@dataclass(frozen=True, slots=True)
class Smoothed:
    """A track's smoothed probabilities at ``at_s``.

    Attributes:
        probabilities: In the order of ``LABELS``.
        leader: Index of the leading expression.
        certain: Whether it is probable enough to be named.
        at_s: When they were last taken further.
    """

    probabilities: tuple[float, ...]
    leader: int
    certain: bool
    at_s: float

    @property
    def label(self) -> str:
        """What the face is said to show."""
        return LABELS[self.leader] if self.certain else UNCERTAIN

    @property
    def confidence(self) -> float:
        """The smoothed probability of the leading expression, 0 to 1."""
        return self.probabilities[self.leader]


def smooth(before: Smoothed | None, probabilities: Sequence[float], at_s: float) -> Smoothed:
    """Take in the probabilities seen at ``at_s`` seconds.

    Args:
        before: The track so far; None for its first classification.
        probabilities: Those of this frame.
        at_s: The frame's timestamp in the source, not before ``before.at_s``.
    """
    if before is None:
        now = tuple(float(value) for value in probabilities)
        leader = now.index(max(now))
        return Smoothed(now, leader, now[leader] >= UNCERTAIN_BELOW, at_s)
    elapsed_s = at_s - before.at_s
    weight = -math.expm1(-(elapsed_s if elapsed_s > 0 else STANDSTILL_S) / TIME_CONSTANT_S)
    now = tuple(
        old + weight * (float(new) - old)
        for old, new in zip(before.probabilities, probabilities, strict=True)
    )
    leader = _leader(before.leader, now)
    threshold = UNCERTAIN_BELOW if before.certain else CERTAIN_FROM
    return Smoothed(now, leader, now[leader] >= threshold, at_s)


def _leader(leader: int, probabilities: Sequence[float]) -> int:
    """Keep the leading expression unless another is ahead by more than the margin."""
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    return best if probabilities[best] > probabilities[leader] + LABEL_MARGIN else leader
