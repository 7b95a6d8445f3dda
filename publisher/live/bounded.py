"""A log that forgets its oldest entries, so that its memory has a bound."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class BoundedLog(Generic[T]):
    """Entries in the order in which they came, the oldest forgotten first. Not thread-safe.

    Args:
        most: The entries' weights add up to this at most; the newest is kept whatever it weighs.
        weigh: Returns the weight of an entry, at least 1.
    """

    def __init__(self, most: int, weigh: Callable[[T], int]) -> None:
        self._most = most
        self._weigh = weigh
        self._entries: deque[T] = deque()
        self._weight = 0

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries)

    def __reversed__(self) -> Iterator[T]:
        return reversed(self._entries)

    @property
    def oldest(self) -> T | None:
        """The entry that is forgotten next."""
        return self._entries[0] if self._entries else None

    def add_entry(self, entry: T) -> None:
        """Take in an entry, and forget as many as must make room for it."""
        self._entries.append(entry)
        self._weight += self._weigh(entry)
        while self._weight > self._most and len(self._entries) > 1:
            self.forget_oldest()

    def forget_oldest(self) -> None:
        """Forget one entry."""
        self._weight -= self._weigh(self._entries.popleft())
