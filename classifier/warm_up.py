"""Measuring which batch size is fastest on this machine, before the first face."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import numpy as np

from classifier.backend import BATCH_SIZES, Backend
from common.face_model import FACE_SIZE_PX, Crops

REPEATS = 3
BUDGET_S = 1.0
BATCH_MS = 0.3
"""Processor time of a batch besides the model, in broker and classifier together: the difference
between batches of 1 and of 4 of the same faces, on two cores."""
WORTHWHILE = 0.95
"""A larger batch is taken only if it needs less than this share of the time a face."""

log = logging.getLogger(__name__)


def best_batch_size(
    backend: Backend,
    largest: int | None = None,
    beat: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """Run the model at growing batch sizes and return the one with the least time a face.

    It ends with the first size that is not worthwhile, for each costs time and memory, and once
    ``BUDGET_S`` is used up: on a slow machine more would only make the first face wait. For a size
    that is tried, the backend is compiled. Of the repeats the fastest counts: what else runs on the
    machine can only make one slower.

    Args:
        backend: What is measured.
        largest: No size beyond this is tried; where it is given, all up to it are, and it itself,
            be it one of ``BATCH_SIZES`` or not.
        beat: Called after each size, to tell the supervisor that this process lives.
        clock: Returns the time in seconds.
    """
    generator = np.random.default_rng(0)
    best, best_ms = 1, float("inf")
    measured: list[str] = []
    started = clock()
    for size in _sizes(largest):
        if measured and clock() - started > BUDGET_S:
            break
        crops = generator.integers(0, 256, (size, FACE_SIZE_PX, FACE_SIZE_PX), dtype=np.uint8)
        backend.classify(crops)  # the first call compiles
        face_ms = _face_ms(backend, crops, clock)
        if face_ms >= best_ms * WORTHWHILE:  # or was it disturbed all the time?
            face_ms = min(face_ms, _face_ms(backend, crops, clock))
        measured.append(f"{size}: {face_ms:.2f}")
        beat()
        if face_ms < best_ms * WORTHWHILE:
            best, best_ms = size, face_ms
        elif largest is None:
            break
    log.debug("milliseconds a face by batch size: %s; best is %d", ", ".join(measured), best)
    return best


def _sizes(largest: int | None) -> tuple[int, ...]:
    """Return the sizes to try, in rising order."""
    if largest is None:
        return BATCH_SIZES
    return (*(size for size in BATCH_SIZES if size < largest), largest)


def _face_ms(backend: Backend, crops: Crops, clock: Callable[[], float]) -> float:
    """Return the milliseconds a face in the fastest of some batches."""
    return (BATCH_MS + min(_time_ms(backend, crops, clock) for _ in range(REPEATS))) / len(crops)


def _time_ms(backend: Backend, crops: Crops, clock: Callable[[], float]) -> float:
    started = clock()
    backend.classify(crops)
    return (clock() - started) * 1000
