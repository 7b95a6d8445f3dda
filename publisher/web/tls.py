"""Https: the certificate, and a connection that is encrypted and never waits."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from common.errors import ConfigError

RECORD_BYTES = 16 * 1024
"""The most that one record of TLS holds. Whoever reads so much at a time leaves nothing decrypted
behind that waiting for the socket would not show."""

PLAIN_HTTP = "HTTP_REQUEST"
"""OpenSSL's reason where what comes is no handshake but a request in the clear."""
USE_HTTPS = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
    b"\r\nThis server speaks https: open the same address with https:// before it.\n"
)


def tls_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Return what encrypts connections, TLS 1.2 and later.

    Args:
        certificate: The server's certificate and those between it and its authority, PEM.
        key: Its key, PEM, without a password.

    Raises:
        ConfigError: They cannot be used; says why and what to do.
    """
    if certificate is None or key is None:
        missing = "PUBLISHER_TLS_CERT" if certificate is None else "PUBLISHER_TLS_KEY"
        raise ConfigError(f"{missing} is not set; https needs a certificate and its key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    files = f"PUBLISHER_TLS_CERT={certificate}, PUBLISHER_TLS_KEY={key}"
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigError(f"{files}: the key is that of another certificate") from error
        raise ConfigError(
            f"{files}: expected a certificate and its key, both PEM, the key without a password"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{files}: cannot be read ({error.strerror}); let this user read both"
        ) from error
    return context


def _no_password() -> str:
    """Stand in for the question at a terminal that OpenSSL would ask and wait for."""
    return ""


class TlsSocket:
    """One connection, as waitress wants it: what cannot be done at once is a BlockingIOError.

    The handshake is done by the first reads. OpenSSL must not be asked by two threads at once, and
    the server reads while a thread writes: so each call has the lock, and none of them waits.

    Args:
        connection: The accepted connection.
        context: What encrypts it.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        connection.setblocking(False)
        self._tls = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._lock = threading.Lock()

    def recv(self, size: int) -> bytes:
        """Receive at most so many bytes; none at the end."""
        with self._lock, _not_now():
            try:
                return self._tls.recv(size)
            except ssl.SSLError as error:
                if error.reason == PLAIN_HTTP:
                    self._ask_for_https(size)
                raise

    def send(self, data: bytes) -> int:
        """Send what the system takes at once, and return how many bytes that were."""
        with self._lock, _not_now():
            return self._tls.send(data)

    def shutdown(self, how: int) -> None:
        """End the connection below the encryption."""
        socket.socket.shutdown(self._tls, how)  # ssl's own would go on in the clear

    def close(self) -> None:
        """Say that nothing more comes, as far as that can be said at once, and hang up."""
        with self._lock:
            with contextlib.suppress(OSError, ValueError):
                self._tls.unwrap()
            self._tls.close()

    def _ask_for_https(self, size: int) -> None:
        """Answer in the clear, as far as that can be done at once."""
        with contextlib.suppress(OSError):
            socket.socket.recv(self._tls, size)  # closed with it unread, the answer would be lost
            socket.socket.send(self._tls, USE_HTTPS)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._tls.fileno()

    def setblocking(self, flag: bool) -> None:
        """Leave the connection as it is: it never blocks."""

    def getsockopt(self, level: int, option: int) -> int:
        """Return an option of the connection."""
        return self._tls.getsockopt(level, option)


@contextlib.contextmanager
def _not_now() -> Iterator[None]:
    """Turn what OpenSSL says when it has to wait into what sockets say."""
    try:
        yield
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
        raise BlockingIOError(errno.EWOULDBLOCK, "not now") from error
