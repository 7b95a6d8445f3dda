"""Cameras that are lost together, as with a switch, and how they are asked for again."""

from __future__ import annotations

import random
from collections import Counter

from capture.camera_feed import BACKOFF_S, JITTER

OUTAGE_S = 120
"""How long they are away; each try is refused at once."""


def worst_second(cameras: int, jitter: tuple[float, float], seed: int) -> int:
    """Return the most tries in one second of the second minute, in which pauses are longest."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    tries: Counter[int] = Counter()
    for _ in range(cameras):
        at_s, failures = 0.0, 0
        while at_s < OUTAGE_S:
            tries[int(at_s)] += 1
            at_s += BACKOFF_S[min(failures, len(BACKOFF_S) - 1)] * chance.uniform(*jitter)
            failures += 1
    return max(count for second, count in tries.items() if second >= OUTAGE_S // 2)


def storm_row(cameras: int, seed: int) -> list[str]:
    """Return the tries of the worst second, without and with jitter."""
    worst = (worst_second(cameras, jitter, seed) for jitter in ((1.0, 1.0), JITTER))
    return [f"{cameras:,}", *(f"{tries:,}" for tries in worst)]
