"""Waiting for what must come, with a deadline that only a defect misses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_S = 30.0
T = TypeVar("T")


def eventually(get: Callable[[], T | None], what: str, deadline_s: float = DEADLINE_S) -> T:
    """Call until the answer is true, and give it; fail with ``what`` at the deadline."""
    deadline = time.monotonic() + deadline_s
    while True:
        answer = get()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.01)
