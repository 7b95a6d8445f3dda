"""A broker that is nothing but a real socket: the test decides what it says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

import zmq

from common import wire
from common.messages import Message
from common.sockets import BrokerSocket
from tests.support.waiting import eventually

M = TypeVar("M", bound=Message)


class FakeBroker:
    """Keeps what peers say, answers what it is told to.

    Args:
        context: The context of the socket.
        endpoint: Where to listen.
        pump: A step of the peers, who have no thread, done again and again while waiting.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        endpoint: str,
        pump: Callable[[], object] = lambda: None,
    ) -> None:
        self._socket = BrokerSocket(context, endpoint)
        self._pump = pump
        self._heard: deque[tuple[bytes, Message]] = deque()

    def expect_any(self, pump: Callable[[], object] | None = None) -> Message:
        """Wait for the next message, whatever it is."""

        def heard() -> bool:
            (pump or self._pump)()
            self._receive()
            return bool(self._heard)

        eventually(heard, "any message")
        return self._heard.popleft()[1]

    def expect(self, kind: type[M], pump: Callable[[], object] | None = None) -> tuple[bytes, M]:
        """Wait for a message of that kind; return who said it, and forget what came before."""

        def find() -> tuple[bytes, M] | None:
            (pump or self._pump)()
            self._receive()
            while self._heard:
                identity, message = self._heard.popleft()
                if isinstance(message, kind):
                    return identity, message
            return None

        return eventually(find, kind.__name__)

    def last_words(self) -> list[Message]:
        """Return what has come and nobody expected, after the last peer has closed."""
        self._receive()
        return [message for _, message in self._heard]

    def send(self, identity: bytes, message: Message) -> None:
        self.send_parts(identity, wire.encode(message))

    def send_parts(self, identity: bytes, parts: list[bytes]) -> None:
        self._socket.router.send_multipart([identity, *parts])

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> None:
        while self._socket.router.poll(5):
            identity, *parts = self._socket.router.recv_multipart()
            self._heard.append((identity, wire.decode(parts)))
