"""A broker in miniature: a real socket and real messages, and it does what the test says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import zmq

from common import wire
from common.contract import Cause, Fate
from common.messages import CameraHello, Frame, Message, Release, Status, Welcome, WhoAreYou
from common.sockets import BrokerSocket

T = TypeVar("T")
DEADLINE_S = 30.0


class FakeBroker:
    """Welcomes a capture and keeps what it says; releases frames where it is told to."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> None:
        self._socket = BrokerSocket(context, endpoint)
        self._peers: set[bytes] = set()
        self.identity = b""
        self.next_frame_id = 0
        self.releases = True
        self.welcomes = True
        self.received: list[Message] = []

    def serve(self) -> None:
        """Handle everything that has arrived."""
        while self._socket.router.poll(1):
            identity, *parts = self._socket.router.recv_multipart()
            message = wire.decode(parts)
            if isinstance(message, CameraHello) and self.welcomes:
                self.identity = identity
                self._peers.add(identity)
                self.send(Welcome(self.next_frame_id))
            elif identity not in self._peers:
                if not isinstance(message, CameraHello):
                    self._send_to(identity, WhoAreYou())
                continue
            if not isinstance(message, Status):
                self.received.append(message)
            if isinstance(message, Frame) and self.releases:
                self.release(message)

    def send(self, message: Message) -> None:
        """Say something to the capture, unless it has just gone."""
        self._send_to(self.identity, message)

    def _send_to(self, identity: bytes, message: Message) -> None:
        try:
            self._socket.router.send_multipart([identity, *wire.encode(message)])
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise

    def release(
        self, frame: Frame, fate: Fate = Fate.PUBLISHED, cause: Cause | None = None
    ) -> None:
        """Give a frame's slot back."""
        self.send(Release(frame.camera, frame.frame_id, fate, cause))

    def of(self, kind: type[T]) -> list[T]:
        """The messages of a kind received so far."""
        return [message for message in self.received if isinstance(message, kind)]

    def close(self) -> None:
        """Go away as a broker that is stopped."""
        self._socket.close()


def run_until(condition: Callable[[], object], *steps: Callable[[], None]) -> None:
    """Do the steps in turn until the condition holds; fail at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        for step in steps:
            step()
