"""What detectors and classifiers have in common: ask for work, do it, answer.

A stage gives a function that turns one message of work into answers; ``Worker`` does the talking.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

import zmq

from common.contract import Role
from common.errors import SourceError
from common.lifetime import Lifetime
from common.link import BrokerLink, peer_name
from common.messages import (
    ClassifyBatch,
    DetectRun,
    Expressions,
    Faces,
    Finish,
    Ready,
    Welcome,
    WorkerHello,
    WorkFailed,
)

RECEIVE_TIMEOUT_S = 0.5

Work = DetectRun | ClassifyBatch
Answers = Iterator[Faces | Expressions]

log = logging.getLogger(__name__)


class Worker:
    """One worker of a role, from hello to goodbye.

    Args:
        context: Of the sockets.
        endpoint: ``BROKER_ENDPOINT``.
        lifetime: Of this process.
        role: ``detector`` or ``classifier``.
        capacity: Frames a run, or faces a batch.
        do_work: Gives the answers to one message of work, one by one. Work that it raises
            ``SourceError`` on is given back; any other error ends the process.
        size: Units of one answer, for the statistics: frames or faces.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        endpoint: str,
        lifetime: Lifetime,
        role: Role,
        capacity: int,
        do_work: Callable[[Work], Answers],
        size: Callable[[Faces | Expressions], int],
    ) -> None:
        self._lifetime = lifetime
        self._do_work = do_work
        self._size = size
        hello = WorkerHello(role, peer_name(), lifetime.instance, capacity)
        self._link = BrokerLink(context, endpoint, lambda: hello)

    def step(self) -> None:
        """Wait for one message and do what it asks."""
        message = self._link.receive(RECEIVE_TIMEOUT_S)
        if isinstance(message, Welcome):
            log.info("ready")
            self._link.send(Ready())
        elif isinstance(message, DetectRun | ClassifyBatch):
            self._work(message)
            if not self._lifetime.stop_requested:
                self._link.send(Ready())
        elif isinstance(message, Finish):
            self._lifetime.request_stop()

    def close(self) -> None:
        """Say goodbye, unless an error ends the process: then the work in hand may be to blame."""
        if self._lifetime.stop_requested:
            self._link.leave()
        else:
            self._link.close()

    def _work(self, work: Work) -> None:
        started = time.perf_counter()
        try:
            for answer in self._do_work(work):
                self._link.send(answer)
                finished = time.perf_counter()
                self._link.count(self._size(answer), finished - started)
                started = finished
                self._lifetime.worked()
                if self._lifetime.stop_requested:
                    return
        except SourceError as error:
            log.warning("could not do work %d: %s", work.work_id, error)
            self._link.send(WorkFailed(work.work_id, str(error)))
