"""waitress, fenced in: nothing else knows it, and here stands all that is not in its manual.

"Here" is this file and its neighbours ``waitress_*``. It is the classes of server, channel, parser,
receiver, buffer and dispatcher, what they have and call, ``adj.socket_options``, ``trigger``,
``active_channels``, and that a server ends with an empty map.
All of it was read in ``READ_VERSION``; a test fails with any other until somebody has looked again.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from waitress.adjustments import Adjustments

from publisher.web.waitress_listener import Listener
from publisher.web.waitress_threads import Dispatcher

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

READ_VERSION = "3.0.2"


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
        self._server = Listener(
            app,
            self._map,
            _sock=listener,
            dispatcher=Dispatcher(threads),
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
