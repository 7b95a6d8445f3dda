"""waitress, fenced in: nothing else knows it, and here stands all that is not in its manual.

"Here" is this file and ``waitress_channel``. It is the classes of server, channel, parser, buffer
and dispatcher, what they have and call, ``adj.socket_options``, ``trigger``, ``active_channels``,
and that a server ends with an empty map. All of it was read in ``READ_VERSION``; a test fails with
any other until somebody has looked again.
"""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from publisher.web.connections import client_of, first_to_go, too_many
from publisher.web.waitress_channel import Channel

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

READ_VERSION = "3.0.2"
ACCEPTED_AT_ONCE = 64
LOOK_S = 1.0
"""Between looks at who takes too long."""
TELL_S = 60.0
"""Between lines in the log that say so."""

log = logging.getLogger(__name__)


class WaitressServer:
    """Answers with an application from its making until ``close``.

    Args:
        app: The application.
        listener: The socket that listens; closed with the server.
        threads: How many requests are answered at once.
        connections: How many may be open at once.
        client_connections: How many of them may be of one client.
        max_body_bytes: The most that is kept of a request's body; of a larger one the application
            is told the size, to refuse it.
        socket_options: Options of each connection: level, name and value.
        secure: Encrypts a connection, where it is to be; its ``recv`` and ``send`` do not wait.
    """

    def __init__(
        self,
        app: WSGIApplication,
        listener: socket.socket,
        *,
        threads: int,
        connections: int,
        client_connections: int,
        max_body_bytes: int,
        socket_options: list[tuple[int, int, int]],
        secure: Callable[[socket.socket], object] | None,
    ) -> None:
        self._map: dict[int, object] = {}
        adjustments = Adjustments(
            sockets=[listener],
            connection_limit=connections,
            max_request_header_size=64 * 1024,
            max_request_body_size=max_body_bytes + 1,  # from which on it refuses
            recv_bytes=16 * 1024,  # a record of TLS
            outbuf_high_watermark=1,  # one piece at a time
            outbuf_overflow=64 * 1024 * 1024,  # pictures never go through a file
            channel_request_lookahead=1,  # keeps reading, and so notices who hangs up
            asyncore_use_poll=True,
            log_socket_errors=False,  # viewers come and go
            ident="ferstream",
            trusted_proxy="127.0.0.1",  # says for whom it asks, and whether they came by https
            trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"},
            url_scheme="https" if secure else "http",
        )
        adjustments.socket_options = socket_options
        self._server = _Server(
            app,
            self._map,
            _sock=listener,
            dispatcher=_Dispatcher(threads),
            adj=adjustments,
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )
        self._server.client_connections = client_connections
        self._server.secure = secure
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


class _Server(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Lets everybody in, and sends away for it who has waited longest.

    waitress would let nobody in any more when all places are taken, until the oldest had been
    silent for half a minute.

    Attributes:
        client_connections: As ``WaitressServer`` has it.
        secure: As ``WaitressServer`` has it.
    """

    channel_class = Channel
    active_channels: dict[int, Channel]
    client_connections: int
    secure: Callable[[socket.socket], Any] | None
    _next_look_s = 0.0
    _told_s = float("-inf")

    def readable(self) -> bool:
        """Look after the connections now and then; always listen."""
        now_s = time.monotonic()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + LOOK_S
            channels = self._open_channels()
            for channel in channels:
                channel.note_progress(now_s)
            overdue = [each for each in channels if each.progress.is_overdue(now_s)]
            for channel in {*overdue, *too_many(channels)}:
                channel.hang_up()
        return bool(self.accepting)

    def look_soon(self) -> None:
        """Look after the connections before anything else is done; from any thread."""
        self._next_look_s = 0.0
        self.pull_trigger()

    def handle_accept(self) -> None:
        """Let in who has come."""
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, address = self.socket.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._make_room(self._open_channels())
                return  # nobody is there any more
            try:
                self._let_in(connection, address)
            except OSError:  # has hung up already
                connection.close()

    def _let_in(self, connection: socket.socket, address: tuple[Any, ...]) -> None:
        client = client_of(address[0])
        channels = self._open_channels()
        own = [each for each in channels if client is not None and each.client == client]
        if len(own) >= self.client_connections:
            self._tell("%s has all of its %d connections", client, self.client_connections)
            has_room = self._make_room(own)
        elif len(channels) >= self.adj.connection_limit:
            self._tell("all %d connections are taken", len(channels))
            has_room = self._make_room(channels)
        else:
            has_room = True
        if not has_room:
            connection.close()
            return
        self.set_socket_options(connection)
        stream = connection if self.secure is None else self.secure(connection)
        Channel(self, stream, address, self.adj, self._map)

    def _make_room(self, channels: list[Channel]) -> bool:
        """Send one away; return whether there was one that may go."""
        now_s = time.monotonic()
        for channel in channels:
            channel.note_progress(now_s)
        goes = first_to_go(channels)
        if goes is not None:
            goes.hang_up()
        return goes is not None

    def _open_channels(self) -> list[Channel]:
        return [each for each in self.active_channels.values() if not each.will_close]

    def _tell(self, what: str, *arguments: object) -> None:
        if time.monotonic() - self._told_s > TELL_S:
            self._told_s = time.monotonic()
            log.warning(f"{what}; idle and unfinished ones make room, oldest first", *arguments)


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
