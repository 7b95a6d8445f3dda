"""The parent of each stage: starts it, restarts it, and never leaves it behind.

``python -m detector`` is this parent; the stage itself is its child, ``python -m detector.stage``.
The parent imports nothing heavy. It restarts a child that crashes or hangs, with growing pauses
where it does so soon after its start, and gives up after ``MAX_CRASHES`` in ``CRASH_WINDOW_S`` with
no work done between them: a child that has worked crashes on what it was given, and the broker sees
to that. The capture of a live camera is not given up once it has worked: its camera is offline, and
others go on. honcho by itself ends everything as soon as one process ends, restarts nothing, and
when killed itself leaves everything running: so the parent also watches honcho, and ends with it.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from common.child import Child
from common.config import BrokerSettings, load_config
from common.contract import Mode
from common.cores import usable_cores
from common.guardians import Guardians
from common.lifetime import Lifetime, run_main, set_up_logging
from common.stale_rings import remove_stale_rings
from common.workers import WorkerRule

POLL_S = 0.1
STOP_TIMEOUT_S = 3.0  # honcho kills after five

C = TypeVar("C", bound=BrokerSettings)

log = logging.getLogger(__name__)


class StartChild(Protocol):
    """Starts one process of the stage."""

    def __call__(self, environ: Mapping[str, str], whose: str = "", /) -> Child:
        """Start it in an environment; of many that differ, messages say whose it is."""


class Crew(Protocol):
    """The processes of a stage."""

    @property
    def children(self) -> list[Child]:
        """All that there are now."""

    @property
    def exit_code(self) -> int | None:
        """With which code all is to end; None while it goes on."""

    def poll(self) -> None:
        """Look after them all."""


class Workers:
    """So many processes that are all the same: the first that fails ends all, else the last."""

    def __init__(self, count: int, start: StartChild) -> None:
        self.children = [start(os.environ) for _ in range(count)]

    @property
    def exit_code(self) -> int | None:
        """The highest of their codes, once one has failed or all have ended."""
        codes = [child.exit_code for child in self.children]
        return max(code or 0 for code in codes) if any(codes) or None not in codes else None

    def poll(self) -> None:
        """Look after them all."""
        for child in self.children:
            child.poll()


def supervise(
    stage: str,
    config_class: type[C],
    child_module: str,
    gather: Callable[[C, StartChild], Crew | None] = lambda *_: None,
) -> None:
    """Run a stage under supervision; exits with the stage's code.

    Args:
        stage: How the stage is started, such as ``detector``; the name in its messages.
        config_class: The stage's settings, read here too so that a wrong one ends it at once.
        child_module: What the child runs, such as ``detector.stage``.
        gather: Returns the stage's processes, where they are not all the same.
    """
    run_main(stage, lambda: sys.exit(_supervise(stage, config_class, child_module, gather)))


def _supervise(
    stage: str,
    config_class: type[C],
    child_module: str,
    gather: Callable[[C, StartChild], Crew | None],
) -> int:
    config = load_config(config_class, stage)
    set_up_logging(stage)
    lifetime = Lifetime()
    lifetime.catch_signals()
    guardians = Guardians()
    honcho = guardians.open_handle()

    def start(environ: Mapping[str, str], whose: str = "") -> Child:
        return Child(child_module, whose, honcho, config.is_given_up, environ)

    crew = gather(config, start) or Workers(_count(stage, config.workers, guardians), start)
    while not lifetime.stop_requested:
        crew.poll()
        if crew.exit_code is not None:
            break
        if not guardians.live():
            log.warning("the process that started this one is gone; stopping")
            break
        lifetime.wait(POLL_S)
    _stop(crew.children)
    return crew.exit_code or 0


def _count(stage: str, workers: int | WorkerRule, guardians: Guardians) -> int:
    """Return how many children to start."""
    if isinstance(workers, int):
        return workers
    if guardians.count_workers():
        log.info("starting 1 %s: more are started as this one was", stage)
        return 1
    lossless = os.environ.get("CAPTURE_MODE") == Mode.LOSSLESS.value
    mode, cores = Mode.LOSSLESS if lossless else Mode.LIVE, usable_cores()
    count = workers.workers(mode, cores)
    log.info("starting %d %s: %s, cores to use: %d", count, stage, mode, cores)
    return count


def _stop(children: list[Child]) -> None:
    for child in children:
        child.stop()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for child in children:
        child.wait(deadline)
    remove_stale_rings()  # of a capture that had to be killed
