"""The broker on a real socket, with peers that are real sockets too."""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Iterator
from typing import TypeVar

import msgpack
import numpy as np
import pytest
import zmq
from msgspec import structs

from common import sockets, wire
from common.broker import peers
from common.broker.loop import BrokerLoop
from common.broker.scheduler import Scheduler
from common.contract import Cause, Fate, Mode, Role
from common.lifetime import Lifetime
from common.messages import (
    MAX_INT,
    Bye,
    CameraHello,
    CameraStatus,
    ClassifyBatch,
    DetectRun,
    EndOfSource,
    Expressions,
    Finish,
    Heartbeat,
    Message,
    PipelineStatus,
    Published,
    PublisherHello,
    Refused,
    Release,
    Result,
    Status,
    Welcome,
    WhoAreYou,
    WorkerHello,
)
from common.sockets import BrokerSocket, Context
from tests.common.broker.world import faces_for, frame
from tests.support.dealer import connect_dealer
from tests.support.raw_peer import RawPeer
from tests.support.waiting import eventually

M = TypeVar("M", bound=Message)
MAX_AGE_NS = 60_000_000_000  # nothing here is to depend on speed


class Exchange:
    """A broker in this thread, and peers."""

    def __init__(self, context: Context, endpoint: str) -> None:
        self._context = context
        self._endpoint = endpoint
        self._socket = BrokerSocket(context, endpoint)
        self.scheduler = Scheduler(MAX_AGE_NS, 0)
        self.lifetime = Lifetime()
        self.loop = BrokerLoop(self._socket, self.scheduler, self.lifetime)
        self.peers: list[Peer] = []

    def peer(self, hello: Message | None = None) -> Peer:
        made = Peer(self, connect_dealer(self._context, self._endpoint))
        self.peers.append(made)
        if hello is not None:
            made.say(hello)
            made.expect(Welcome)
        return made

    def worker(self, role: Role, capacity: int) -> Peer:
        return self.peer(WorkerHello(role, role, f"{role} {len(self.peers)}", capacity))

    def camera(self) -> Peer:
        return self.peer(CameraHello("c", "capture", "cam", Mode.LOSSLESS, 0, 24, 0, 0, 0))

    def publisher(self) -> Peer:
        return self.peer(PublisherHello("p", "publisher"))

    @property
    def path(self) -> str:
        return self._endpoint.removeprefix("ipc://")

    def answer_to(self, peer: RawPeer) -> None:
        """Let the broker work until it has sent something to a peer."""

        def answered() -> bool:
            self.loop.step()
            return bool(select.select([peer.socket], [], [], 0)[0])

        eventually(answered, "an answer")

    def ledger(self) -> CameraStatus:
        return self.scheduler.state.cameras["cam"].status()

    def bad_messages(self, publisher: Peer, count: int) -> bool:
        """Wait until the broker reports so many bad messages."""

        def reported() -> bool:
            return publisher.expect(PipelineStatus).bad_messages == count

        return eventually(reported, f"a report of {count} bad messages")

    def close(self) -> None:
        for peer in self.peers:
            peer.socket.close()
        self._socket.close()


class Peer:
    """A peer of the broker: a socket, and what it has been sent."""

    def __init__(self, exchange: Exchange, socket: zmq.Socket[bytes]) -> None:
        self._exchange = exchange
        self.socket = socket
        self._inbox: deque[Message] = deque()

    def say(self, message: Message) -> None:
        self.say_parts(wire.encode(message))

    def say_parts(self, parts: list[bytes]) -> None:
        eventually(lambda: self.socket.poll(20, zmq.POLLOUT), "a connection")
        self.socket.send_multipart(parts)

    def expect(self, kind: type[M]) -> M:
        """Let the broker work until it has sent a message of that kind."""

        def find() -> M | None:
            self._exchange.loop.step()
            while self.socket.poll(0):
                self._inbox.append(wire.decode(self.socket.recv_multipart()))
            while self._inbox:
                message = self._inbox.popleft()
                if isinstance(message, kind):
                    return message
            return None

        return eventually(find, kind.__name__)


@pytest.fixture
def exchange(
    context: Context, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Exchange]:
    monkeypatch.setattr(peers, "SILENCE_LIMIT_NS", 60_000_000_000)  # none sends heartbeats
    made = Exchange(context, endpoint)
    yield made
    made.close()


def test_frame_goes_through_all_stages_on_real_sockets(exchange: Exchange) -> None:
    camera, publisher = exchange.camera(), exchange.publisher()
    detector, classifier = exchange.worker(Role.DETECTOR, 1), exchange.worker(Role.CLASSIFIER, 8)
    camera.say(frame("cam", 0))
    camera.say(EndOfSource("cam"))
    run = detector.expect(DetectRun)
    detector.say(faces_for(run.work_id, run.frames[0], 2))
    batch = classifier.expect(ClassifyBatch)
    assert batch.crops.shape == (2, 48, 48)
    classifier.say(Expressions(batch.work_id, np.full((2, 7), 1 / 7, np.float32)))
    result = publisher.expect(Result)
    assert result.reused == (False, False)
    publisher.say(Published("cam", 0))
    assert camera.expect(Release) == Release("cam", 0, Fate.PUBLISHED)
    everybody = (camera, publisher, detector, classifier)
    for peer in everybody:
        peer.expect(Finish)
    assert not exchange.lifetime.stop_requested
    for peer in everybody:
        peer.say(Bye())

    def done() -> bool:
        exchange.loop.step()
        return exchange.lifetime.stop_requested

    eventually(done, "the broker's end")


def test_messages_that_are_none_are_counted_and_the_next_is_heard(exchange: Exchange) -> None:
    publisher = exchange.publisher()
    stranger = exchange.peer()
    nonsense = [
        [b""],
        [b"GET / HTTP/1.1", b""],
        [b"\xc1", b""],
        [b"", b"", b""],
        [b"\x91" * 100_000, b""],
        [msgpack.packb([wire.WIRE_VERSION, {"type": "Frame"}]), b""],
        [msgpack.packb([wire.WIRE_VERSION, {"type": "Faces", "boxes": 2**63}]), b"x"],
    ]
    for parts in nonsense:
        stranger.say_parts(parts)
    stranger.say(WorkerHello(Role.DETECTOR, "d", "i", 3))
    stranger.expect(Welcome)
    exchange.bad_messages(publisher, len(nonsense))


def test_oversized_message_cuts_off_who_sent_it_and_nobody_else(
    context: Context, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "MAX_BROKER_MESSAGE_BYTES", 100_000)
    exchange = Exchange(context, endpoint)
    try:
        publisher = exchange.publisher()
        stranger = exchange.peer(WorkerHello(Role.DETECTOR, "d", "i", 3))
        stranger.say_parts([b"x" * 200_000, b""])
        stranger.say(Status(1, 1.0, 0))
        publisher.expect(Heartbeat)
        stranger.say(Status(1, 1.0, 0))
        stranger.expect(WhoAreYou)  # it came back as one that nobody knows
    finally:
        exchange.close()


def test_peer_of_another_version_is_refused_naming_both(exchange: Exchange) -> None:
    publisher, stranger = exchange.publisher(), exchange.peer()
    _, hello = msgpack.unpackb(wire.encode(WorkerHello(Role.DETECTOR, "d", "i", 3))[0])
    stranger.say_parts([msgpack.packb([99, hello]), b""])
    reason = stranger.expect(Refused).reason
    assert f"expected wire version {wire.WIRE_VERSION}, got 99" in reason
    exchange.bad_messages(publisher, 1)
    assert len(exchange.scheduler.state.peers.all()) == 1


def test_message_of_a_role_the_peer_does_not_have_is_ignored(exchange: Exchange) -> None:
    publisher = exchange.publisher()
    publisher.say(EndOfSource("cam"))
    publisher.say(frame("cam", 0))
    publisher.say(Heartbeat())
    publisher.say(PublisherHello("p", "publisher"))
    publisher.expect(Welcome)
    assert exchange.scheduler.state.ignored == {"EndOfSource": 1, "Frame": 1, "Heartbeat": 1}


def test_worker_that_vanishes_is_given_up_and_its_work_handed_out_again(
    exchange: Exchange,
) -> None:
    camera = exchange.camera()
    exchange.publisher()
    first = exchange.worker(Role.DETECTOR, 1)
    camera.say(frame("cam", 0))
    work = first.expect(DetectRun)
    second = exchange.worker(Role.DETECTOR, 1)
    first.socket.close()
    again = second.expect(DetectRun)
    assert again.frames == work.frames
    assert again.work_id != work.work_id


def test_nobody_is_taken_for_silent_while_the_broker_itself_did_not_listen(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [exchange.publisher(), exchange.camera()]
    monkeypatch.setattr(peers, "SILENCE_LIMIT_NS", 500_000_000)
    for _ in range(10):
        for peer in some:
            peer.say(Status(0, 0.0, 0))
        time.sleep(0.1)  # in which the broker does not listen
    exchange.loop.step()
    assert len(exchange.scheduler.state.peers.all()) == len(some)


def test_heartbeats_and_reports_come_by_themselves(exchange: Exchange) -> None:
    publisher = exchange.publisher()
    publisher.expect(Heartbeat)
    publisher.say(Status(3, 1.5, 2))

    def reported() -> bool:
        (peer,) = publisher.expect(PipelineStatus).peers
        return (peer.done, peer.busy_ms, peer.bad_messages) == (3, 1.5, 2)

    eventually(reported, "a report with the peer's own counts")


@pytest.mark.parametrize(
    "answer",
    [
        lambda work_id: encoded_faces(work_id, 0, boxes=3, crops=2),
        lambda work_id: encoded_faces(work_id, 0, boxes=2, crops=3),
        lambda work_id: encoded_faces(work_id, 5, boxes=1, crops=1),
        lambda work_id: [encoded_faces(work_id, 0, boxes=1, crops=1)[0], b"cut"],
    ],
    ids=["crops missing", "boxes missing", "another frame", "payload cut"],
)
def test_detector_that_answers_nonsense_is_counted_and_the_frame_fails_at_the_third_time(
    exchange: Exchange, answer: object
) -> None:
    assert callable(answer)
    camera, publisher = exchange.camera(), exchange.publisher()
    detector = exchange.worker(Role.DETECTOR, 1)
    camera.say(frame("cam", 0))
    for _ in range(3):
        work = detector.expect(DetectRun)
        detector.say_parts(answer(work.work_id))
    result = publisher.expect(Result)
    assert result.failed
    assert len(result.boxes) == 0
    publisher.say(Published("cam", 0))
    assert camera.expect(Release) == Release("cam", 0, Fate.FAILED)
    exchange.bad_messages(publisher, 3)
    ledger = exchange.ledger()
    assert (ledger.captured, ledger.failed, ledger.in_flight) == (1, 1, 0)
    camera.say(frame("cam", 1))
    detector.expect(DetectRun)  # it is given work all the same


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_classifier_that_answers_nonsense_is_counted_and_another_takes_over(
    exchange: Exchange, rows: int
) -> None:
    camera, publisher = exchange.camera(), exchange.publisher()
    detector, first = exchange.worker(Role.DETECTOR, 1), exchange.worker(Role.CLASSIFIER, 8)
    camera.say(frame("cam", 0))
    run = detector.expect(DetectRun)
    detector.say(faces_for(run.work_id, run.frames[0], 2))
    work = first.expect(ClassifyBatch)
    second = exchange.worker(Role.CLASSIFIER, 8)
    first.say(Expressions(work.work_id, np.zeros((rows, 7), np.float32)))
    again = second.expect(ClassifyBatch)
    assert np.array_equal(again.crops, work.crops)
    second.say(Expressions(again.work_id, np.full((2, 7), 1 / 7, np.float32)))
    assert publisher.expect(Result).reused == (False, False)
    exchange.bad_messages(publisher, 1)


@pytest.mark.parametrize(
    "counters",
    [(-1, 0, 0, {}), (0, -1, 0, {}), (0, 0, 0, {Cause.TOO_OLD: -1}), (0, MAX_INT, 0, {})],
)
def test_camera_with_impossible_counters_is_refused(
    exchange: Exchange, counters: tuple[int, int, int, dict[Cause, int]]
) -> None:
    publisher, stranger = exchange.publisher(), exchange.peer()
    stranger.say(CameraHello("c", "i", "cam", Mode.LOSSLESS, 0, 8, *counters))
    assert "counters" in stranger.expect(Refused).reason
    publisher.expect(Heartbeat)


def test_frame_with_the_largest_number_does_not_stop_the_broker(exchange: Exchange) -> None:
    hello = CameraHello("c", "capture", "cam", Mode.LIVE, 0, 24, 0, 0, 0)
    camera, publisher = exchange.peer(hello), exchange.publisher()
    camera.say(frame("cam", MAX_INT))
    camera.say(hello)

    def answered() -> bool:
        exchange.loop.step()
        return bool(camera.socket.poll(0))

    eventually(answered, "an answer")
    publisher.expect(PipelineStatus)
    assert exchange.ledger().captured == 1


def test_who_takes_the_identity_of_a_capture_that_was_killed_is_not_taken_for_it(
    exchange: Exchange,
) -> None:
    hello = CameraHello("c", "capture", "door", Mode.LIVE, 0, 24, 0, 0, 0)
    peers = exchange.scheduler.state.peers
    with RawPeer(exchange.path) as victim:
        victim.say(hello)
        (capture,) = eventually(peers.all, "the capture", doing=exchange.loop.step)
    eventually(lambda: not peers.all(), "the word that it is gone", doing=exchange.loop.step)
    with RawPeer(exchange.path, capture.identity) as thief:
        thief.say(frame("door", 0))
        exchange.answer_to(thief)
        assert isinstance(thief.hear(), WhoAreYou)
        thief.say(structs.replace(hello, instance="thief"))
        exchange.answer_to(thief)
        refusal = thief.hear()
        assert isinstance(refusal, Refused)
        assert "door: the capture of that camera was lost" in refusal.reason
    assert exchange.scheduler.state.cameras["door"].ledger.captured == 0


def encoded_faces(work_id: int, frame_id: int, boxes: int, crops: int) -> list[bytes]:
    """Encode an answer whose boxes and crops need not be as many, as no ``Faces`` can be."""
    fields = {"work_id": work_id, "frame_id": frame_id, "boxes": boxes, "crops": crops}
    header = [wire.WIRE_VERSION, {"type": "Faces"} | fields]
    return [msgpack.packb(header), bytes(boxes * 4 * 4 + crops * 48 * 48)]


def test_a_bad_message_writes_no_more_into_the_log_than_says_what_is_wrong(
    exchange: Exchange, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = exchange.publisher()
    fields = {"type": "WorkerHello", "role": "x" * 1_000_000}
    exchange.peer().say_parts([wire.PREFIX + msgpack.packb(fields), b""])
    exchange.bad_messages(publisher, 1)
    (line,) = caplog.messages
    assert line.startswith("skipped a bad message: WorkerHello: Invalid enum value")
    assert len(line) < 400
