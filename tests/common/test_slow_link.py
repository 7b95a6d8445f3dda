"""A broker behind a link so slow that a message is longer on its way than silence may last."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import zmq

from common import link as link_module
from common.config import BrokerSettings
from common.link import BrokerLink
from common.messages import ClassifyBatch, PublisherHello, Welcome
from tests.support.clock import Clock
from tests.support.fake_broker import FakeBroker
from tests.support.pipeline import free_port
from tests.support.waiting import DEADLINE_S, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' TCP_INFO")

FACES = 400
"""About 900 kB of a message."""
SOME_BYTES = 100_000


class Relay:
    """Passes bytes on between one peer and a broker, and holds some back that go to the peer.

    Attributes:
        allowed: How many bytes may still go to the peer.
    """

    def __init__(self, broker_port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._broker_port = broker_port
        self._ends: tuple[socket.socket, ...] = ()
        self.allowed = 1 << 40

    def step(self) -> None:
        if not self._ends:
            try:
                peer, _ = self._listener.accept()
            except BlockingIOError:
                return
            broker = socket.create_connection(("127.0.0.1", self._broker_port))
            self._ends = (peer, broker)
        peer, broker = self._ends
        self._pass_on(peer, broker, 65536)
        self.allowed -= self._pass_on(broker, peer, min(65536, self.allowed))

    def close(self) -> None:
        for end in (self._listener, *self._ends):
            end.close()

    def _pass_on(self, source: socket.socket, target: socket.socket, most: int) -> int:
        try:
            data = source.recv(most, socket.MSG_DONTWAIT) if most else b""
        except BlockingIOError:
            return 0
        target.sendall(data)
        return len(data)


@pytest.fixture
def broker(context: zmq.Context[zmq.Socket[bytes]]) -> Iterator[tuple[FakeBroker, int]]:
    port = free_port()
    made = FakeBroker(context, f"tcp://127.0.0.1:{port}")
    yield made, port
    made.close()


@pytest.fixture
def relay(broker: tuple[FakeBroker, int]) -> Iterator[Relay]:
    made = Relay(broker[1])
    yield made
    made.close()


@pytest.fixture
def link(context: zmq.Context[zmq.Socket[bytes]], relay: Relay) -> Iterator[BrokerLink]:
    settings = BrokerSettings(f"tcp://127.0.0.1:{relay.port}")
    made = BrokerLink(context, settings, lambda: PublisherHello("p", "i"))
    yield made
    made.close()


def test_message_that_is_long_on_its_way_is_no_silence(
    broker: tuple[FakeBroker, int],
    relay: Relay,
    link: BrokerLink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    join(link, broker[0], relay)
    clock = Clock(time.monotonic())
    monkeypatch.setattr(link_module, "time", SimpleNamespace(monotonic=clock))
    monkeypatch.setattr(link_module, "RECONNECT_BACKOFF_S", (DEADLINE_S,))
    batch = ClassifyBatch(1, np.zeros((FACES, 48, 48), np.uint8))
    broker[0].send(batch)
    for _ in range(3):
        relay.allowed = SOME_BYTES
        eventually(lambda: relay.allowed == 0, "some bytes", doing=relay.step)
        clock.now_s += 2 * DEADLINE_S
        assert link.receive(0.0) is None
        assert link.welcomed
    relay.allowed = 1 << 40
    eventually(lambda: link.receive(0.01), "the message", doing=relay.step)


def test_bytes_that_came_long_ago_are_no_sign_of_life(
    broker: tuple[FakeBroker, int],
    relay: Relay,
    link: BrokerLink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    join(link, broker[0], relay)
    monkeypatch.setattr(link_module, "RECONNECT_BACKOFF_S", (0.0,))  # any time is long
    assert link.receive(0.0) is None
    assert not link.welcomed


def join(link: BrokerLink, broker: FakeBroker, relay: Relay) -> None:
    def knock() -> None:
        relay.step()
        link.receive(0.01)

    broker.expect(PublisherHello, knock)
    broker.send(Welcome(5))
    eventually(lambda: link.welcomed, "the welcome", doing=knock)
