from __future__ import annotations

import signal
from collections.abc import Iterator

import numpy as np
import pytest
import zmq

from common import link as link_module
from common import wire
from common.config import BrokerSettings
from common.contract import Role
from common.errors import RefusedError, SourceError
from common.lifetime import Lifetime
from common.messages import (
    Bye,
    ClassifyBatch,
    Expressions,
    Finish,
    Heartbeat,
    Message,
    Refused,
    Status,
    Welcome,
    WhoAreYou,
    WorkerHello,
    WorkFailed,
)
from common.worker import Worker, WorkerStage
from tests.support.fake_broker import FakeBroker
from tests.support.waiting import eventually

BATCH = ClassifyBatch(7, np.zeros((2, 48, 48), np.uint8))


class CountingLifetime(Lifetime):
    """Counts how often the supervisor would be told of work."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = 0

    def worked(self) -> None:
        self.answers += 1
        super().worked()


class Desk(Worker[ClassifyBatch, Expressions]):
    """A worker, its broker, and what the worker does with its work."""

    role = Role.CLASSIFIER
    takes = ClassifyBatch
    capacity = 8

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> None:
        self.about = {"model": "expression.onnx"}
        self.lifetime = CountingLifetime()
        self.error: Exception | None = None
        self.stop_at_first_answer = False
        self.answers = 1
        self.worker = WorkerStage(self, context, BrokerSettings(endpoint), self.lifetime)
        self.broker = FakeBroker(context, endpoint, self.worker.step)

    def join(self) -> bytes:
        identity, hello = self.broker.expect(WorkerHello)
        assert (hello.role, hello.capacity) == (Role.CLASSIFIER, 8)
        assert hello.instance == self.lifetime.instance
        assert hello.about == self.about
        self.broker.send(Welcome(0), identity)
        self.broker.expect(Status)
        return identity

    def close(self) -> None:
        self.worker.close()
        self.broker.close()

    def units(self, answer: Expressions) -> int:
        return len(answer.probabilities)

    def answer(self, work: ClassifyBatch) -> Iterator[Expressions]:
        for _ in range(self.answers):
            if self.error is not None:
                raise self.error
            if self.stop_at_first_answer:
                self.lifetime.request_stop()
            yield Expressions(work.work_id, np.zeros((len(work.crops), 7), np.float32))


@pytest.fixture
def desk(
    context: zmq.Context[zmq.Socket[bytes]], endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    monkeypatch.setattr(link_module, "RECONNECT_BACKOFF_S", (1000.0,))  # the broker may be silent
    made = Desk(context, endpoint)
    yield made
    made.close()


def next_but_heartbeats(desk: Desk) -> Message:
    while True:
        message = desk.broker.expect_any()
        if not isinstance(message, Status):
            return message


def test_worker_answers_again_and_again(desk: Desk) -> None:
    identity = desk.join()
    for _ in range(3):
        desk.broker.send(BATCH, identity)
        _, answer = desk.broker.expect(Expressions)
        assert answer.work_id == 7


def test_worker_counts_what_it_did(desk: Desk) -> None:
    identity = desk.join()
    desk.answers = 3
    desk.broker.send(BATCH, identity)

    def six_are_counted() -> bool:
        return desk.broker.expect(Status)[1].done == 6

    eventually(six_are_counted, "a heartbeat with six faces")


def test_heartbeat_of_the_broker_is_no_work(desk: Desk) -> None:
    identity = desk.join()
    desk.broker.send(Heartbeat(), identity)
    desk.broker.send(BATCH, identity)
    assert isinstance(next_but_heartbeats(desk), Expressions)


def test_work_whose_source_is_gone_is_given_back_with_the_reason(desk: Desk) -> None:
    identity = desk.join()
    desk.error = SourceError("the ring is gone")
    desk.broker.send(BATCH, identity)
    assert next_but_heartbeats(desk) == WorkFailed(7, "the ring is gone")
    desk.error = None
    desk.broker.send(BATCH, identity)
    assert isinstance(next_but_heartbeats(desk), Expressions)


@pytest.mark.parametrize("is_error", [False, True])
def test_only_a_worker_that_ends_in_order_says_goodbye(desk: Desk, is_error: bool) -> None:
    identity = desk.join()
    if is_error:
        desk.error = ZeroDivisionError("its work is to blame")
        desk.broker.send(BATCH, identity)
        with pytest.raises(ZeroDivisionError):
            desk.broker.expect(Expressions)
    else:
        desk.lifetime.request_stop()
    desk.worker.close()

    def said() -> bool:
        return any(isinstance(message, Bye) for message in desk.broker.last_words())

    if is_error:
        assert not said()
    else:
        eventually(said, "a goodbye")


def test_worker_asked_to_stop_ends_after_the_answer_in_hand(
    desk: Desk,
) -> None:
    identity = desk.join()
    desk.answers = 3
    desk.stop_at_first_answer = True
    desk.broker.send(BATCH, identity)
    desk.broker.expect(Expressions)
    desk.worker.close()
    left: list[Message] = []

    def goodbye() -> bool:
        left.append(desk.broker.expect_any(lambda: None))
        return type(left[-1]).__name__ == "Bye"

    eventually(goodbye, "a goodbye")
    assert not any(isinstance(message, Expressions) for message in left)


def test_worker_that_was_given_up_asks_anew(desk: Desk) -> None:
    identity = desk.join()
    desk.broker.send(WhoAreYou(), identity)
    desk.join()


def test_worker_that_cannot_read_its_work_asks_anew_and_gets_it_again(desk: Desk) -> None:
    identity = desk.join()
    header, payload = wire.encode(BATCH)
    desk.broker.send_parts([header, payload[:-1]], identity)
    again = desk.join()
    assert again != identity
    desk.broker.send(BATCH, again)
    assert desk.broker.expect(Expressions)[1].work_id == 7


def test_worker_tells_its_supervisor_of_each_answer_and_of_nothing_else(desk: Desk) -> None:
    identity = desk.join()
    assert desk.lifetime.answers == 0
    desk.answers = 3
    desk.broker.send(BATCH, identity)
    for _ in range(3):
        desk.broker.expect(Expressions)
    assert desk.lifetime.answers == 3
    desk.error = SourceError("the ring is gone")
    desk.broker.send(BATCH, identity)
    desk.broker.expect(WorkFailed)
    assert desk.lifetime.answers == 3


def test_worker_ends_when_everything_is_done(desk: Desk) -> None:
    identity = desk.join()
    desk.broker.send(Finish(), identity)

    def stops() -> bool:
        desk.worker.step()
        return desk.lifetime.stop_requested

    eventually(stops, "the worker's end")


def test_refused_worker_ends_with_the_reason(desk: Desk) -> None:
    identity, _ = desk.broker.expect(WorkerHello)
    desk.broker.send(Refused("DETECTOR_INTERVAL=5: set the same"), identity)
    with pytest.raises(RefusedError, match="set the same"):
        desk.broker.expect(Status)


def test_signal_interrupts_no_answer(desk: Desk) -> None:
    before = signal.getsignal(signal.SIGTERM)
    desk.lifetime.catch_signals()
    try:
        identity = desk.join()
        desk.broker.send(BATCH, identity)
        signal.raise_signal(signal.SIGTERM)
        desk.broker.expect(Expressions)
        assert desk.lifetime.stop_requested
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, before)
        signal.signal(signal.SIGINT, signal.default_int_handler)
