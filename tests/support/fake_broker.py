"""A broker that is nothing but a real socket: the test decides what it says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
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

    Attributes:
        speaker: Who said what was taken last.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        endpoint: str,
        pump: Callable[[], object] = lambda: None,
    ) -> None:
        self._socket = BrokerSocket(context, endpoint)
        self._pump = pump
        self._inbox: deque[tuple[bytes, Message]] = deque()
        self.speaker = b""

    def heard(self, wait_ms: int = 0) -> Iterator[Message]:
        """Take what has come, one after the other."""
        self._listen(wait_ms)
        while self._inbox:
            self.speaker, message = self._inbox.popleft()
            yield message

    def receive(self, kind: type[M], wait_ms: int = 0) -> M | None:
        """Take the next message of that kind, if it has come, and forget what came before."""
        return next((said for said in self.heard(wait_ms) if isinstance(said, kind)), None)

    def expect(self, kind: type[M], pump: Callable[[], object] | None = None) -> tuple[bytes, M]:
        """Wait for a message of that kind; return who said it, and forget what came before."""
        receive = partial(self.receive, kind, wait_ms=5)
        message = eventually(receive, kind.__name__, doing=pump or self._pump)
        return self.speaker, message

    def expect_any(self, pump: Callable[[], object] | None = None) -> Message:
        """Wait for the next message, whatever it is."""
        first = eventually(
            lambda: list(islice(self.heard(wait_ms=5), 1)), "any message", doing=pump or self._pump
        )
        return first[0]

    def last_words(self) -> list[Message]:
        """Return what has come and nobody expected, after the last peer has closed."""
        self._listen(wait_ms=5)
        return [message for _, message in self._inbox]

    def send(self, message: Message, peer: bytes = b"") -> None:
        """Say something, by default to the one who spoke last; in vain where it has just gone."""
        self.send_parts(wire.encode(message), peer)

    def send_parts(self, parts: list[bytes], peer: bytes = b"") -> None:
        try:
            self._socket.router.send_multipart([peer or self.speaker, *parts])
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise

    def close(self) -> None:
        self._socket.close()

    def _listen(self, wait_ms: int) -> None:
        while self._socket.router.poll(wait_ms):
            identity, *parts = self._socket.router.recv_multipart()
            self._inbox.append((identity, wire.decode(parts)))
