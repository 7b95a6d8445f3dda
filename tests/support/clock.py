"""A clock that moves only where a test moves it."""

from __future__ import annotations


class Clock:
    """Called, it gives ``now_s``."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s
