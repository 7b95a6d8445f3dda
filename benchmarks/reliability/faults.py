"""Faults: processes of a pipeline that runs are killed, frozen, or leave and are replaced."""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import psutil

from tests.support.pipeline import Pipeline
from tests.support.waiting import DEADLINE_S, eventually

STAGES = ("broker", "capture", "detector", "classifier", "publisher")
WORKERS = ("detector", "classifier")
"""Of these one more is started by hand, which leaves in order and comes back."""
FREEZES_S = (0.3, 1.0, 3.0, 6.0)
"""Shorter and longer than a supervisor and the broker wait for a process that says nothing."""
MOST_A_MINUTE = 3
"""Faults of one stage: a supervisor gives up at the fifth crash."""
MINUTE_S = 65.0


class Kind(str, Enum):
    """What is done to a process."""

    KILL = "killed"
    FREEZE = "frozen"
    LEAVE = "replaced by another"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that was done to a process.

    Attributes:
        kind: What was done.
        stage: Whose process it was.
        began_s: When, on the monotonic clock.
        lasted_s: How long it took: a process that is frozen goes on afterwards.
    """

    kind: Kind
    stage: str
    began_s: float
    lasted_s: float


class Troublemaker:
    """Disturbs a pipeline as chance has it; the same seed disturbs in the same order.

    Args:
        pipeline: The pipeline, with a worker more of each of ``WORKERS``.
        seed: Of the chance.
        extra: Workers started by hand, by stage.
    """

    def __init__(
        self, pipeline: Pipeline, seed: int, extra: dict[str, subprocess.Popen[bytes]]
    ) -> None:
        self._pipeline = pipeline
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._extra = extra
        self._made: list[Fault] = []

    def disturb(self) -> Fault | None:
        """Do the next thing to a process; come back when it is done, or the pipeline has ended."""
        chosen = self._choose()
        if chosen is None:
            return None
        kind, stage = chosen
        began_s = time.monotonic()
        if kind is Kind.LEAVE:
            self._replace(stage)
        elif processes := self._processes(stage):
            with contextlib.suppress(psutil.NoSuchProcess):
                self._harm(self._random.choice(processes), kind)
        else:
            return None
        fault = Fault(kind, stage, began_s, time.monotonic() - began_s)
        self._made.append(fault)
        return fault

    def pause_s(self) -> float:
        """Return how long to wait until the next one."""
        return self._random.uniform(0.2, 2.0)

    def _choose(self) -> tuple[Kind, str] | None:
        """Return what is done next; nothing that would have a supervisor give up."""
        while not self._ended():
            kind = self._random.choice(list(Kind))
            stage = self._random.choice(WORKERS if kind is Kind.LEAVE else STAGES)
            recent = [
                fault
                for fault in self._made
                if fault.stage == stage and time.monotonic() - fault.began_s < MINUTE_S
            ]
            if len(recent) < MOST_A_MINUTE:
                return kind, stage
            time.sleep(0.1)  # where all have had theirs, until the minute is over
        return None

    def _processes(self, stage: str) -> list[psutil.Process]:
        """Wait for a stage's processes, which may be about to be started again."""
        eventually(
            lambda: self._pipeline.processes(stage_module(stage)) or self._ended(),
            lambda: f"a {stage}\n{self._pipeline.log}",
        )
        return self._pipeline.processes(stage_module(stage))

    def _ended(self) -> bool:
        return self._pipeline.process.poll() is not None

    def _harm(self, process: psutil.Process, kind: Kind) -> None:
        if kind is Kind.KILL:
            process.kill()
            return
        process.suspend()
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(self._random.choice(FREEZES_S))  # its supervisor may kill it meanwhile
            return
        process.resume()

    def _replace(self, stage: str) -> None:
        """Let a worker that was started by hand leave in order, and another one join."""
        _leave(self._extra[stage])
        self._extra[stage] = self._pipeline.start_worker(stage)


@contextmanager
def trouble(pipeline: Pipeline, seed: int) -> Iterator[Troublemaker]:
    """Let workers join that leave and come back, and disturb the pipeline."""
    extra = {stage: pipeline.start_worker(stage) for stage in WORKERS}
    try:
        yield Troublemaker(pipeline, seed, extra)
    finally:
        for worker in extra.values():
            _leave(worker)


def stage_module(stage: str) -> str:
    """Return the module that a stage's process runs."""
    return "common.broker.stage" if stage == "broker" else f"{stage}.stage"


def _leave(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        worker.terminate()  # Ctrl-C is lost on one that starts where a shell had it ignored
    worker.wait(DEADLINE_S)
