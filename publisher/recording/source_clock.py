"""A source's timestamps as a time that only goes forward."""

from __future__ import annotations

FIRST_INTERVAL_S = 1 / 30
"""What lies between two frames as long as no interval between two was seen."""


class SourceClock:
    """Turns the timestamps of one source into times that increase from frame to frame.

    They are the source's own until it begins again, as a clip that is played in a loop does, or
    stands still: then time goes on by the interval between the last two frames.
    """

    def __init__(self) -> None:
        self._shift_s = 0.0
        self._last_s: float | None = None
        self._interval_s = FIRST_INTERVAL_S

    @property
    def has_begun_again(self) -> bool:
        """Whether times are no longer the source's own."""
        return self._shift_s != 0

    def time_s(self, pts_s: float) -> float:
        """Return the time of the next frame in seconds."""
        at_s = pts_s + self._shift_s
        if self._last_s is not None:
            if at_s > self._last_s:
                self._interval_s = at_s - self._last_s
            else:
                at_s = self._last_s + self._interval_s
                self._shift_s = at_s - pts_s
        self._last_s = at_s
        return at_s
