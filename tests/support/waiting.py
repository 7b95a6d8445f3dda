"""Waiting for what must come, with a deadline that only a defect misses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_S = 60.0
T = TypeVar("T")
Step = Callable[[], object]


def eventually(
    get: Callable[[], T | None],
    what: str | Callable[[], str] = "what is waited for",
    deadline_s: float = DEADLINE_S,
    *,
    doing: Step | tuple[Step, ...] = (),
) -> T:
    """Call until the answer is true, and return it; fail with ``what`` at the deadline.

    Args:
        get: Asks for the answer.
        what: What is missing where the answer never comes; a function is called only then.
        deadline_s: How long to ask.
        doing: Steps of those who bring the answer about, done in turn between the questions;
            without any, there are pauses.
    """
    deadline = time.monotonic() + deadline_s
    steps = doing if isinstance(doing, tuple) else (doing,)
    pause_s = 0.005
    while True:
        answer = get()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {what if isinstance(what, str) else what()}")
        for step in steps:
            step()
        if not steps:
            time.sleep(pause_s)
            pause_s = min(1.2 * pause_s, 0.05)
