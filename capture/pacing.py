"""When each frame of a recording is due, so that it plays at its own rate."""

from __future__ import annotations

import time
from collections.abc import Callable

MAX_CATCH_UP_S = 0.5
"""Late by up to this, frames come as fast as they can until they are on time again. Later than
that the timeline moves on: nobody wants to see ten missed seconds rushed through."""
MAX_GAP_S = 10.0
"""A longer gap between two frames is a broken timestamp, or a wait nobody would sit through."""
DEFAULT_INTERVAL_S = 0.04
"""For how long a frame is shown where no other tells."""


class Pacer:
    """Turns the timestamps of a recording into times on the clock.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due_s = clock() - DEFAULT_INTERVAL_S  # the first frame is due at once
        self._last_pts_s: float | None = None
        self._interval_s = DEFAULT_INTERVAL_S

    def schedule(self, pts_s: float) -> None:
        """Take the timestamp of the next frame."""
        advance_s = self._advance_s(pts_s)
        self._due_s = max(self._due_s + advance_s, self._clock() - MAX_CATCH_UP_S)
        self._last_pts_s = pts_s

    def start_over(self) -> None:
        """Expect the first frame again; the last one is shown for as long as the one before it."""
        self._last_pts_s = None

    def wait_s(self) -> float:
        """Return the seconds until the scheduled frame is due, 0 where it is."""
        return max(0.0, self._due_s - self._clock())

    def _advance_s(self, pts_s: float) -> float:
        if self._last_pts_s is None:
            return self._interval_s
        step_s = pts_s - self._last_pts_s
        if step_s > 0:
            self._interval_s = min(step_s, MAX_GAP_S)
        # A timestamp that goes back is broken: take the interval before it once more.
        return 0.0 if step_s == 0 else self._interval_s
