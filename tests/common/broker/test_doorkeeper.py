"""Attacks on a broker in a process of its own: it lives, takes little memory, and others go on."""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from common import wire
from common.broker.doorkeeper import MAX_MEMORY_BYTES, Doorkeeper
from common.broker.peers import PeerTable
from common.contract import Mode, Role
from common.lifetime import new_instance
from common.memory import Memory
from common.messages import (
    CameraHello,
    DetectRun,
    Heartbeat,
    Message,
    PublisherHello,
    Status,
    Welcome,
    WorkerHello,
)
from common.sockets import BrokerSocket, Context
from tests.common.broker.world import faces_for, frame
from tests.support.broker_process import BrokerProcess
from tests.support.raw_peer import RawPeer
from tests.support.waiting import eventually

MIB = 1024 * 1024
LIMIT = 200 * MIB
MOST = 2 * LIMIT  # what comes in until somebody is hung up on is in it
Start = Callable[..., BrokerProcess]
M = TypeVar("M", bound=Message)


@pytest.fixture
def start(endpoint: str) -> Iterator[Start]:
    """Start a broker with limits of its own."""
    directory = Path(endpoint.removeprefix("ipc://")).parent
    with contextlib.ExitStack() as stack:
        yield lambda **limits: stack.enter_context(BrokerProcess(directory, **limits))


class Honest(RawPeer):
    """A peer that has joined, and can tell whether it still takes part."""

    def __init__(self, broker: BrokerProcess, hello: Message | None = None) -> None:
        super().__init__(broker.path)
        self.say(hello or WorkerHello(Role.DETECTOR, "honest", new_instance(), 10))
        self.expect(Welcome)

    def expect(self, kind: type[M]) -> M:
        def find() -> M | None:
            message = self.hear()
            return message if isinstance(message, kind) else None

        return eventually(find, kind.__name__)

    def takes_part(self) -> bool:
        self.say(Status(0, 0.0, 0))
        self.expect(Heartbeat)
        return True


@pytest.mark.parametrize("part_bytes", [20, 4_000, 1_000_000])
def test_message_without_an_end_takes_no_memory_for_long(start: Start, part_bytes: int) -> None:
    broker = start(MAX_MEMORY_BYTES=LIMIT, STRANGER_NS=60_000_000_000)
    with Honest(broker) as honest, RawPeer(broker.path) as liar:
        part = bytes([3]) + struct.pack(">Q", part_bytes) + bytes(part_bytes)
        parts = part * max(1, MIB // len(part))
        most = 0
        with contextlib.suppress(ConnectionError):
            while True:
                liar.socket.sendall(parts)
                most = max(most, broker.used_bytes())
                honest.say(Status(0, 0.0, 0))
        assert most < MOST, f"{most // MIB} MiB"
        line = broker.expect_line("hung up on process")
        assert "MiB of memory" in line
        assert honest.takes_part()
        eventually(lambda: broker.used_bytes() < LIMIT, "memory that is given back")


def test_large_messages_one_after_the_other_take_no_memory_for_long(start: Start) -> None:
    broker = start(MAX_MEMORY_BYTES=LIMIT, MAX_STRANGE_MESSAGES=10**9, MAX_BAD_MESSAGES=10**9)
    with Honest(broker) as honest, RawPeer(broker.path) as liar:
        most = 0
        with contextlib.suppress(ConnectionError):
            for _ in range(500):
                liar.send_part(bytes(32 * MIB))
                most = max(most, broker.used_bytes())
                honest.say(Status(0, 0.0, 0))
        assert most < MOST, f"{most // MIB} MiB"
        assert honest.takes_part()


def test_publisher_that_reads_nothing_takes_no_memory_for_long(start: Start) -> None:
    broker = start(MAX_MEMORY_BYTES=LIMIT // 2, REPORT_NS=0, TICK_NS=1_000_000)
    with contextlib.ExitStack() as stack:
        honest = [stack.enter_context(RawPeer(broker.path)) for _ in range(200)]
        for peer in honest:
            peer.say(WorkerHello(Role.CLASSIFIER, "x" * 150, new_instance(), 8))
        liar = stack.enter_context(RawPeer(broker.path))
        liar.say(PublisherHello("reads nothing", "liar"))
        most = 0

        def is_hung_up_on() -> bool:
            nonlocal most
            most = max(most, broker.used_bytes())
            for peer in (*honest, liar):
                peer.say(Status(0, 0.0, 0))
            return any("hung up on publisher reads nothing" in line for line in broker.lines)

        with contextlib.suppress(ConnectionError):
            eventually(is_hung_up_on, "the end of the connection")
        broker.expect_line("hung up on publisher reads nothing")
        assert most < MOST, f"{most // MIB} MiB"


def test_strangers_who_fill_the_memory_little_by_little_are_hung_up_on_and_nobody_else(
    start: Start,
) -> None:
    broker = start(
        MAX_MEMORY_BYTES=LIMIT, STRANGER_NS=60_000_000_000, REPORT_NS=0, TICK_NS=1_000_000
    )
    piece = (bytes([3]) + struct.pack(">Q", 4_000) + bytes(4_000)) * 2
    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(Honest(broker, PublisherHello("busy", "busy")))
        for _ in range(1_000):  # each is answered by a report, which it does not read now
            busy.say(Status(0, 0.0, 0))
        liars = [stack.enter_context(RawPeer(broker.path)) for _ in range(200)]
        with contextlib.suppress(ConnectionError):
            while True:
                for liar in liars:
                    liar.socket.sendall(piece)
                busy.say(Status(0, 0.0, 0))
        eventually(lambda: broker.used_bytes() < LIMIT, "memory that is given back")
        assert busy.takes_part()
        assert not [line for line in broker.lines if "hung up on publisher" in line]


def test_broker_that_stays_full_whoever_it_hangs_up_on_ends_to_be_started_again(
    start: Start,
) -> None:
    """Of a connection whose identity is taken libzmq 4.3.5 keeps some 8 kB for good."""
    broker = start(MAX_MEMORY_BYTES=1, FULL_NS=500_000_000)
    assert broker.process.wait(60) == 1  # not 2, after which its supervisor would not start it
    broker.expect_line("whoever it hangs up on, and is to begin anew")


def test_memory_that_is_full_now_and_then_ends_no_broker(
    context: Context, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = BrokerSocket(context, endpoint)
    keeper = Doorkeeper(socket.connections, PeerTable(), 1024)
    full = MAX_MEMORY_BYTES + 1

    def look(at_s: int, used_bytes: int) -> None:
        monkeypatch.setattr(Memory, "used_bytes", lambda _: used_bytes)
        keeper.tick(at_s * 10**9)

    try:
        for at_s, used_bytes in ((1, full), (2, 0), (100, full), (101, full - 1), (200, full)):
            look(at_s, used_bytes)
        look(209, full)
        with pytest.raises(RuntimeError, match="to begin anew"):
            look(211, full)
    finally:
        socket.close()


def test_detector_that_finds_thousands_of_faces_takes_little_memory(start: Start) -> None:
    broker = start(MAX_CROP_BYTES=LIMIT // 10)
    before = broker.used_bytes()
    capture = CameraHello("c", "capture", "cam", Mode.LOSSLESS, 0, 24, 0, 0, 0)
    classifier = WorkerHello(Role.CLASSIFIER, "slow", "slow", 8)
    with Honest(broker, classifier), Honest(broker, capture) as honest, Honest(broker) as liar:
        for frame_id in range(24):
            honest.say(frame("cam", frame_id))
        for _ in range(2):
            run = liar.expect(DetectRun)
            for item in run.frames:
                liar.say(faces_for(run.work_id, item, 5_000))
        broker.expect_line("expected few faces")
        assert honest.takes_part()
        eventually(lambda: broker.used_bytes() - before < LIMIT // 2, "little memory")


def test_long_names_are_not_kept(start: Start) -> None:
    broker = start()
    with Honest(broker) as honest:
        before = broker.used_bytes()
        for number in range(1_100):
            with RawPeer(broker.path) as liar:
                liar.say(WorkerHello(Role.CLASSIFIER, f"{number}{'x' * 60_000}", str(number), 8))
        assert honest.takes_part()
        assert broker.used_bytes() - before < 100 * MIB  # 320, where they are kept
        assert [line for line in broker.lines if " joined" in line] == broker.lines[:1]


@pytest.mark.parametrize("message", ["none", "one part", "nonsense"])
def test_who_says_nothing_of_use_is_hung_up_on(start: Start, message: str) -> None:
    broker = start(STRANGER_NS=3_000_000_000)
    with Honest(broker) as honest, RawPeer(broker.path, greets=message != "none") as stranger:
        if message == "one part":
            stranger.send_part(b"x", more=True)
        if message == "nonsense":
            stranger.send_part(b"x")
        eventually(stranger.is_hung_up_on, "the end of the connection")
        broker.expect_line("has not joined")
        assert honest.takes_part()


@pytest.mark.parametrize(
    ("greeting", "size_extra"), [(b"\x01\0", 1), (b"\xff" + bytes(8) + b"\x7f\x01\x05\0\0", 0)]
)
def test_peer_of_an_old_protocol_is_not_listened_to(
    start: Start, greeting: bytes, size_extra: int
) -> None:
    """Of peers older than ZeroMQ 4 (ZMTP 1 and 2) libzmq does not say how a message came."""
    broker = start(STRANGER_NS=1_000_000_000)
    with Honest(broker) as honest, RawPeer(broker.path, greets=False) as stranger:
        stranger.socket.sendall(greeting)
        header, payload = wire.encode(WorkerHello(Role.DETECTOR, "old", "old", 10))
        for data, more in ((header, 1), (payload, 0)):
            flags, size = bytes([more]), struct.pack(">Q", len(data) + size_extra)
            before = b"\xff" + size + flags if size_extra else bytes([2 | more]) + size
            stranger.socket.sendall(before + data)
        eventually(stranger.is_hung_up_on, "the end of the connection")
        assert honest.takes_part()
        assert not [line for line in broker.lines if "old joined" in line]


def test_more_connections_than_files_keep_nobody_out(start: Start) -> None:
    broker = start(files=1024, STRANGER_NS=600_000_000_000)
    with contextlib.ExitStack() as stack:
        honest = stack.enter_context(Honest(broker))
        for number in range(1_100):
            stack.enter_context(RawPeer(broker.path, greets=False))
            if number % 100 == 0:
                assert honest.takes_part()
        broker.expect_line("more than 512 connections")
        stack.enter_context(Honest(broker, PublisherHello("late", "late")))
        assert honest.takes_part()
        assert broker.lives


def test_peer_that_takes_the_next_identity_does_not_end_the_broker(start: Start) -> None:
    broker = start()
    unseeded = struct.unpack(">I", b"\x6b\x8b\x45\x67")[0]  # the first rand() of glibc
    with contextlib.ExitStack() as stack:
        for number in range(50):
            identity = b"\0" + struct.pack(">I", unseeded + number)
            stack.enter_context(RawPeer(broker.path, identity))
        for _ in range(50):
            honest = stack.enter_context(Honest(broker))
        assert honest.takes_part()


def test_peer_with_an_identity_of_its_own_making_is_hung_up_on(start: Start) -> None:
    broker = start()
    with Honest(broker) as honest, RawPeer(broker.path, b"\0abcde") as liar:
        liar.say(WorkerHello(Role.DETECTOR, "liar", "liar", 10))
        eventually(liar.is_hung_up_on, "the end of the connection")
        assert honest.takes_part()
        assert not [line for line in broker.lines if "liar joined" in line]


def test_who_says_nonsense_again_and_again_is_hung_up_on(start: Start) -> None:
    broker = start()
    with Honest(broker) as honest, Honest(broker) as liar:
        with contextlib.suppress(ConnectionError):
            while True:
                liar.send_part(b"x")
                time.sleep(0.0001)
        broker.expect_line("hung up on detector honest: 100 messages were none of ours")
        assert honest.takes_part()
