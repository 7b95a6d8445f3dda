"""Watching a pipeline from a thread, and how long it stood still."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

JOIN_S = 15.0
W = TypeVar("W", bound="Watcher")


class Watcher(ABC):
    """Watches while it is entered."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self: W) -> W:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(JOIN_S)

    @abstractmethod
    def watch(self) -> None:
        """Watch until told to end."""

    @abstractmethod
    def moments(self) -> Sequence[float]:
        """Return when frames came, on the monotonic clock."""

    def longest_pause_s(self, from_s: float, to_s: float) -> float:
        """Return the longest time without a new frame within some time."""
        within = [at for at in self.moments() if from_s < at < to_s]
        return max(b - a for a, b in zip([from_s, *within], [*within, to_s], strict=True))
