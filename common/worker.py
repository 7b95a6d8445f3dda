"""What detectors and classifiers have in common: ask for work, do it, answer.

A stage derives from ``Worker`` and says what to do with one message of work; ``WorkerStage`` does
the talking.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Generic, TypeVar

from common.config import BrokerSettings
from common.contract import Role
from common.errors import SourceError
from common.lifetime import Lifetime
from common.link import BrokerLink, peer_name
from common.messages import (
    About,
    ClassifyBatch,
    DetectRun,
    Expressions,
    Faces,
    Finish,
    Restarts,
    Welcome,
    WorkerHello,
    WorkFailed,
)
from common.sockets import Context

RECEIVE_TIMEOUT_S = 0.5

W = TypeVar("W", DetectRun, ClassifyBatch)
A = TypeVar("A", Faces, Expressions)

log = logging.getLogger(__name__)


class Worker(ABC, Generic[W, A]):
    """Does one kind of work; ``answer`` is the one method to override.

    Attributes:
        role: What the broker knows it as.
        takes: The type of its work.
        capacity: Frames a run, or faces a batch, that it is handed at most.
        about: What its answers depend on besides its work.
    """

    role: ClassVar[Role]
    takes: type[W]
    capacity: int
    about: About

    @abstractmethod
    def answer(self, work: W) -> Iterator[A]:
        """Yield the answers to one message of work, each as soon as it is there.

        Raises:
            SourceError: The work cannot be done, and goes back. Any other error ends the process.
        """

    def tidy(self) -> None:
        """Let go of what is needed no more; called every step, at least twice a second."""

    def units(self, answer: A) -> int:  # noqa: ARG002 - for those who need it
        """Return how many frames or faces an answer is, for the statistics."""
        return 1


class WorkerStage(Generic[W, A]):
    """A worker's side of the talk, from hello to goodbye.

    Args:
        worker: What does the work.
        context: The ZeroMQ context of the process.
        broker: Where the broker is, and with which key.
        lifetime: The life of this process; the broker's ``Finish`` ends it.
    """

    def __init__(
        self, worker: Worker[W, A], context: Context, broker: BrokerSettings, lifetime: Lifetime
    ) -> None:
        self._worker: Worker[W, A] = worker
        self._lifetime = lifetime
        restarts = Restarts(lifetime.restarts, lifetime.last_end)
        hello = WorkerHello(
            worker.role, peer_name(), lifetime.instance, worker.capacity, restarts, worker.about
        )
        self._link = BrokerLink(context, broker, lambda: hello)

    def step(self) -> None:
        """Wait for one message and do what it asks."""
        message = self._link.receive(RECEIVE_TIMEOUT_S)
        if isinstance(message, Welcome):
            log.info("ready")
        elif isinstance(message, self._worker.takes):
            self._work(message)
        elif isinstance(message, Finish):
            self._lifetime.request_stop()
        self._worker.tidy()

    def close(self) -> None:
        """Say goodbye, unless an error ends the process: then the work in hand may be to blame."""
        if self._lifetime.stop_requested:
            self._link.leave()
        else:
            self._link.close()

    def _work(self, work: W) -> None:
        started = time.perf_counter()
        try:
            for answer in self._worker.answer(work):
                self._link.send(answer)
                finished = time.perf_counter()
                self._link.count(self._worker.units(answer), finished - started)
                started = finished
                self._lifetime.worked()
                if self._lifetime.stop_requested:
                    return
        except SourceError as error:
            log.warning("could not do work %d: %s", work.work_id, error)
            self._link.send(WorkFailed(work.work_id, str(error)))
