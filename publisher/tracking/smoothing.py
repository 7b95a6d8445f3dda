"""Smoothing a track's probabilities over time, and choosing its label.

Exponential smoothing with a time constant instead of a factor per frame: the weight of the new
value is ``1 - exp(-dt / TIME_CONSTANT_S)``, with ``dt`` from the source's timestamps. So the same
face gives the same curve at any frame rate and however fast a recording is worked through.

Two hystereses keep the label from flickering: another expression must be ahead by a margin before
it takes the label's place, and a label that was uncertain must be a little surer to be named again.
Neither holds for long against what is seen: an expression that is behind for two seconds gives way
within the margin too, and one that is clearly ahead for a second is named however sure it is. All
these times are the source's.
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
OVERTAKEN_S = 2.0
"""So long others may be ahead within the margin; then the one that leads takes its place."""
CLEAR_LEAD = 0.20
CLEAR_S = 1.0
"""An expression that has been ahead of the next by ``CLEAR_LEAD`` for so long is named."""
STANDSTILL_S = 1 / 30
"""Taken as ``dt`` where the source's timestamps stand still, so that values still move."""


@dataclass(frozen=True, slots=True)
class Smoothed:
    """A track's smoothed probabilities at ``at_s``.

    Attributes:
        probabilities: In the order of ``LABELS``.
        leader: Index of the expression that the label names, where it is named.
        certain: Whether it is named.
        at_s: When they were last taken further.
        behind_s: For how long another has been more probable than ``leader``; None where none is.
        clear_s: For how long ``leader`` has been ahead by ``CLEAR_LEAD``; None where it is not.
    """

    probabilities: tuple[float, ...]
    leader: int
    certain: bool
    at_s: float
    behind_s: float | None = None
    clear_s: float | None = None

    @property
    def label(self) -> str:
        """What the face is said to show."""
        return LABELS[self.leader] if self.certain else UNCERTAIN

    @property
    def confidence(self) -> float | None:
        """The smoothed probability of the expression that is named, 0 to 1; None where none is."""
        return self.probabilities[self.leader] if self.certain else None


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
    elapsed_s = at_s - before.at_s if at_s > before.at_s else STANDSTILL_S
    weight = -math.expm1(-elapsed_s / TIME_CONSTANT_S)
    now = tuple(
        old + weight * (float(new) - old)
        for old, new in zip(before.probabilities, probabilities, strict=True)
    )
    return _judge(before, now, at_s, elapsed_s)


def _judge(before: Smoothed, now: tuple[float, ...], at_s: float, elapsed_s: float) -> Smoothed:
    """Keep the label, or choose another, for the probabilities of ``now``."""
    second, first = sorted(now)[-2:]
    leader, behind_s, clear_s = before.leader, None, before.clear_s
    if now[leader] < first:
        behind_s, clear_s = _go_on(before.behind_s, elapsed_s), None
        if first > now[leader] + LABEL_MARGIN or behind_s >= OVERTAKEN_S:
            leader, behind_s = now.index(first), None
    is_clear = now[leader] - second >= CLEAR_LEAD
    clear_s = _go_on(clear_s, elapsed_s) if is_clear else None
    threshold = UNCERTAIN_BELOW if before.certain else CERTAIN_FROM
    is_certain = now[leader] >= threshold or (clear_s is not None and clear_s >= CLEAR_S)
    return Smoothed(now, leader, is_certain, at_s, behind_s, clear_s)


def _go_on(held_s: float | None, elapsed_s: float) -> float:
    """Return for how long something has held that holds now; ``held_s`` None is since now."""
    return 0.0 if held_s is None else held_s + elapsed_s
