"""Places that clients share: nobody gets so many that others have none."""

from __future__ import annotations

import threading
import time
from collections import Counter


class SharedPlaces:
    """A number of places, and how many of them one client may hold; for any number of threads.

    Args:
        places: How many there are.
        each: How many a client may hold at once.
    """

    def __init__(self, places: int, each: int) -> None:
        self._free = places
        self._each = each
        self._held: Counter[str] = Counter()
        self._changed = threading.Condition()

    def take(self, client: str, deadline_s: float) -> bool:
        """Take a place for a client; return False where none is free for it in time.

        Args:
            client: Who asks.
            deadline_s: Until when to wait, by the monotonic clock; one that is past is no wait.
        """
        with self._changed:
            left_s = deadline_s - time.monotonic()
            if not self._changed.wait_for(lambda: self._is_free_for(client), max(0.0, left_s)):
                return False
            self._free -= 1
            self._held[client] += 1
            return True

    def give_back(self, client: str) -> None:
        """Give back a place that was taken."""
        with self._changed:
            self._free += 1
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]
            self._changed.notify_all()

    def _is_free_for(self, client: str) -> bool:
        return self._free > 0 and self._held[client] < self._each
