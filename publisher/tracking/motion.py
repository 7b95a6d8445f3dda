"""Where a face will be: its box moved on by the speed that it had.

The speed is smoothed with a time constant, as probabilities are, so that it does not depend on the
frame rate. While a face is not seen the speed dies away: people stop more often than they go on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from publisher.faces import Box

SPEED_TIME_CONSTANT_S = 0.15
"""Boxes of a still face jump by some 3 % of their width from frame to frame."""
COASTING_S = 0.3
"""After so long unseen a face is taken to move with 1/e of its speed."""


@dataclass(frozen=True, slots=True)
class Motion:
    """A box seen at ``at_s`` and the speed of its centre, in pixels a second."""

    box: Box
    at_s: float
    speed_x: float = 0.0
    speed_y: float = 0.0

    def predict(self, at_s: float) -> tuple[float, float, float, float]:
        """Return x, y, w, h at a time that is not before ``self.at_s``."""
        x, y, w, h = self.box
        way_s = COASTING_S * -math.expm1(-(at_s - self.at_s) / COASTING_S)
        return x + self.speed_x * way_s, y + self.speed_y * way_s, float(w), float(h)

    def move_to(self, box: Box, at_s: float) -> Motion:
        """Return the motion with the box that was seen next."""
        elapsed_s = at_s - self.at_s
        if elapsed_s <= 0:
            return Motion(box, at_s, self.speed_x, self.speed_y)
        weight = -math.expm1(-elapsed_s / SPEED_TIME_CONSTANT_S)
        (x, y), (last_x, last_y) = _centre(box), _centre(self.box)
        return Motion(
            box,
            at_s,
            self.speed_x + weight * ((x - last_x) / elapsed_s - self.speed_x),
            self.speed_y + weight * ((y - last_y) / elapsed_s - self.speed_y),
        )


def _centre(box: Box) -> tuple[float, float]:
    x, y, w, h = box
    return x + w / 2, y + h / 2
