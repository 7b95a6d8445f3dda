"""Failed tries to get in, counted by address."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

MAX_TRIES = 10
"""So often in ``WINDOW_S`` a token may be wrong; then no token is looked at until it is over."""
WINDOW_S = 60.0
MAX_ADDRESSES = 4096
"""More are not remembered; the one that has been known longest is forgotten."""
IPV6_PREFIX = 64
"""Whoever has one address of such a network has all of them."""


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
            window = self._windows.get(_network(address))
            if window is None or window.failed < MAX_TRIES:
                return 0
            return max(0, math.ceil(window.began_s + WINDOW_S - self._clock()))

    def note_failure(self, address: str) -> None:
        """Count a wrong token."""
        with self._lock:
            now_s, network = self._clock(), _network(address)
            window = self._windows.get(network)
            if window is None or now_s >= window.began_s + WINDOW_S:
                self._windows.pop(network, None)
                window = self._windows[network] = _Window(now_s)
            window.failed += 1
            if len(self._windows) > MAX_ADDRESSES:
                del self._windows[next(iter(self._windows))]


def _network(address: str) -> str:
    """Return what an address is counted as."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), IPV6_PREFIX), strict=False))
