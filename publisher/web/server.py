"""The HTTP server: waitress in a thread of the publisher's process.

A stream holds a thread as long as it lasts, so there are more threads than viewers are let in, and
the rest always answers. A slow viewer blocks its own thread only: waitress takes its next piece
when the one before is with the system, and the system's buffer is kept small, so that what waits in
it is not old.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from common.errors import ConfigError
from common.open_files import allow_open_files
from publisher.config import CLIENT_CONNECTIONS
from publisher.uploads.upload import MAX_UPLOAD_BYTES
from publisher.web.connections import GONE_AFTER_S
from publisher.web.hosts import shown_host
from publisher.web.waitress_server import WaitressServer

if TYPE_CHECKING:
    from ssl import SSLContext

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RESERVE_THREADS = 24
"""For pages and the API, whatever the viewers do."""
RESERVE_CONNECTIONS = 256
"""Idle ones that browsers keep, above one a viewer."""
SEND_BUFFER_BYTES = 64 * 1024
"""Linux doubles it; about two VGA pictures."""
STOP_S = 1.0

log = logging.getLogger(__name__)


class WebServer:
    """Listens from the start, answers from ``start`` on.

    Args:
        host: A name or address of this machine.
        port: 0 is any that is free.
        max_streams: How many there may be at once, of pictures and of events.
        client_connections: How many may be open at once of one address, loopback apart.
        tls: Encrypts connections; without it they are in the clear.

    Raises:
        ConfigError: It cannot listen there; says why and what to do.
    """

    def __init__(
        self,
        host: str,
        port: int,
        max_streams: int,
        client_connections: int = CLIENT_CONNECTIONS,
        tls: SSLContext | None = None,
    ) -> None:
        self._max_streams = max_streams
        self._client_connections = client_connections
        self._tls = tls
        self._listener = listen(host, port)
        self.address: str
        self.port: int
        self.address, self.port = self._listener.getsockname()[:2]
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://{shown_host(self.address)}:{self.port}"
        self._server: WaitressServer | None = None

    def __enter__(self) -> WebServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, make_app: Callable[[], WSGIApplication]) -> None:
        """Answer requests with an application that is made when the first one comes."""
        # How many warnings there are is for strangers to decide: of requests that wait, of headers.
        logging.getLogger("waitress").setLevel(logging.ERROR)
        connections = self._max_streams + RESERVE_CONNECTIONS
        allow_open_files(2 * connections + 64)  # an upload or a file that is sent is one, too
        self._server = WaitressServer(
            _LateApp(make_app),
            self._listener,
            threads=self._max_streams + RESERVE_THREADS,
            connections=connections,
            client_connections=self._client_connections,
            max_body_bytes=MAX_UPLOAD_BYTES,
            socket_options=_socket_options(),
            secure=_secure_with(self._tls) if self._tls else None,
        )

    def check(self) -> None:
        """Make sure that requests are answered.

        Raises:
            RuntimeError: The server's thread has ended.
        """
        if self._server is not None and not self._server.alive:
            raise RuntimeError("the web server has ended by itself")

    def close(self) -> None:
        """Stop listening, hang up, end all threads; streams must have been told to end."""
        if self._server is None:
            self._listener.close()
        else:
            self._server.close(STOP_S)
            self._server = None


class _LateApp:
    """Makes the application for the first who asks: a run that nobody watches does without it."""

    def __init__(self, make: Callable[[], WSGIApplication]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._app: WSGIApplication | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._lock:
            if self._app is None:
                self._app = self._make()
        return self._app(environ, start_response)


def _secure_with(tls: SSLContext) -> Callable[[socket.socket], object]:
    from publisher.web.tls import TlsSocket  # noqa: PLC0415 - only for who has a certificate

    return lambda connection: TlsSocket(connection, tls)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        ConfigError: That is not possible there; says why.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ConfigError(
            f"PUBLISHER_HOST={host}: no such address ({error.strerror}); use 127.0.0.1 for this "
            "machine alone or 0.0.0.0 for everybody who can reach it"
        ) from error
    family, kind, _, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
    listener = socket.socket(family, kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise ConfigError(_why_not(host, port, error)) from error
    return listener


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        airplay = " (on macOS that may be AirPlay Receiver)" if port == 5000 else ""
        return (
            f"PUBLISHER_PORT={port}: the port is in use on {host}{airplay}; "
            "set PUBLISHER_PORT to another"
        )
    if error.errno == errno.EACCES:
        return f"PUBLISHER_PORT={port}: not allowed to listen there; use a port from 1024 on"
    return f"PUBLISHER_HOST={host}: cannot listen there ({os.strerror(error.errno or 0)})"


def _socket_options() -> list[tuple[int, int, int]]:
    options = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES),
    ]
    user_timeout = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux has it
    if user_timeout is not None:
        options.append((socket.IPPROTO_TCP, user_timeout, round(1000 * GONE_AFTER_S)))
    return options
