"""waitress, fenced in: nothing else knows it, and here stands all that is not in its manual.

Which is ``channel_class``, ``parser_class`` and what a parser has, ``adj.socket_options``,
``trigger``, ``task_dispatcher`` and how it counts its threads, ``active_channels``, and that a
server ends with an empty map. All of it was read in ``READ_VERSION``; a test fails with any other
until somebody has looked again.
"""

from __future__ import annotations

import copy
import socket
import threading
from typing import TYPE_CHECKING, Any

from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import FixedStreamReceiver
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import RequestEntityTooLarge

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

READ_VERSION = "3.0.2"
MAX_DISCARDED_BYTES = 512 * 1024 * 1024
"""A body under this is read to its end and thrown away, for a browser that is still sending when
the connection is closed shows no answer. A larger one is cut off."""


class WaitressServer:
    """Answers with an application from its making until ``close``.

    Args:
        app: The application.
        listener: The socket that listens; closed with the server.
        threads: How many requests are answered at once.
        connections: How many may be open at once.
        max_body_bytes: The most that is kept of a request's body; of a larger one the application
            is told the size, to refuse it.
        socket_options: Options of each connection: level, name and value.
    """

    def __init__(
        self,
        app: WSGIApplication,
        listener: socket.socket,
        *,
        threads: int,
        connections: int,
        max_body_bytes: int,
        socket_options: list[tuple[int, int, int]],
    ) -> None:
        self._map: dict[int, object] = {}
        self._server = create_server(
            app,
            map=self._map,
            sockets=[listener],
            _dispatcher=_Dispatcher(threads),
            connection_limit=connections,
            max_request_body_size=max_body_bytes + 1,  # from which on it refuses
            outbuf_high_watermark=1,  # one piece at a time
            outbuf_overflow=64 * 1024 * 1024,  # pictures never go through a file
            channel_request_lookahead=1,  # keeps reading, and so notices who hangs up
            channel_timeout=30,
            asyncore_use_poll=True,
            log_socket_errors=False,  # viewers come and go
            ident="ferstream",
            trusted_proxy="127.0.0.1",  # says for whom it asks, and whether they came by https
            trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"},
        )
        self._server.channel_class = _Channel
        self._server.adj.socket_options = socket_options
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether requests are answered."""
        return self._thread.is_alive()

    def close(self, timeout_s: float) -> None:
        """Hang up, end all threads, stop listening; ``timeout_s`` is for each kind of thread."""
        # In the server's own thread: its sockets must not vanish while it waits for them.
        self._server.trigger.pull_trigger(self._hang_up)
        self._thread.join(timeout_s)
        self._server.task_dispatcher.shutdown(timeout=timeout_s)
        self._server.close()  # last: until here a thread may still want to wake the loop

    def _hang_up(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()  # wakes the thread that waits to write there
        self._map.clear()  # ends the loop


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Starts a thread when a request finds none idle; waitress would start all of them at once.

    Args:
        most: How many threads there may be; what comes when all are busy waits.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._adding = threading.Lock()

    def add_task(self, task: object) -> None:
        """Have a request answered. A thread that has just been started has one of its own to do."""
        with self._adding:
            with self.lock:
                running = len(self.threads) - self.stop_count
                has_idle = running - self.active_count > len(self.queue)
            if has_idle or running >= self._most:
                super().add_task(task)
            else:
                self.queue.append(task)
                self.set_thread_count(running + 1)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End all threads and start no more."""
        with self._adding:
            self._most = 0
        ended: bool = super().shutdown(cancel_pending, timeout)
        return ended


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Leaves it to the application to refuse a body that is too large, and keeps nothing of it."""

    adj: Any
    error: Any

    def parse_header(self, header_plus: bytes) -> None:
        """Learn how large the body is."""
        super().parse_header(header_plus)
        too_large = self.adj.max_request_body_size <= self.content_length < MAX_DISCARDED_BYTES
        if too_large and not self.expect_continue:
            self.body_rcv = FixedStreamReceiver(self.content_length, _Nowhere(0))
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = MAX_DISCARDED_BYTES

    def received(self, data: bytes) -> int:
        """Take in bytes and return how many of them were of this request."""
        consumed: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            size = max(self.content_length, self.body_bytes_received)
            self.headers |= {"CONTENT_LENGTH": str(size), "CONNECTION": "close"}
            self.expect_continue = False  # or waitress asks for the body all the same
            self.error = None
        return consumed


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection whose requests are read so."""

    parser_class = _Parser


class _Nowhere(OverflowableBuffer):  # type: ignore[misc]  # waitress has no types
    """A buffer that keeps nothing."""

    def append(self, data: bytes) -> None:
        """Take bytes."""
