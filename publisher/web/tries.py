"""Failed tries to get in, counted by address."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from publisher.web.client import client_of

MAX_TRIES = 10
"""So often in ``WINDOW_S`` a token may be wrong; then no token is looked at until it is over."""
WINDOW_S = 60.0
MAX_ADDRESSES = 4096
"""More are not remembered; the one that has been known longest is forgotten."""


@dataclass(slots=True)
class _Window:
    began_s: float
    failed: int = 0


class FailedTries:
    """Says who has to wait.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._lock = threading.Lock()

    def wait_s(self, address: str) -> int:
        """Return the whole seconds after which this address may try again; 0 is now."""
        with self._lock:
            window = self._windows.get(client_of(address))
            if window is None or window.failed < MAX_TRIES:
                return 0
            return max(0, math.ceil(window.began_s + WINDOW_S - self._clock()))

    def note_failure(self, address: str) -> None:
        """Count a wrong token."""
        with self._lock:
            now_s, client = self._clock(), client_of(address)
            window = self._windows.get(client)
            if window is None or now_s >= window.began_s + WINDOW_S:
                self._windows.pop(client, None)
                window = self._windows[client] = _Window(now_s)
            window.failed += 1
            if len(self._windows) > MAX_ADDRESSES:
                del self._windows[next(iter(self._windows))]
