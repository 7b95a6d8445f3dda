"""One connection of waitress, fenced in as ``waitress_server`` says: what it reads and holds."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from waitress.channel import HTTPChannel

from publisher.web.connections import Position, Progress, Step, capped_client
from publisher.web.waitress_parser import Parser


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection that knows how far it is, and for which no thread waits but that of a stream.

    Attributes:
        client: Whose connection it is, where that counts.
        progress: Since when it has been at its step; as new as the last ``note_progress``.
    """

    parser_class = Parser

    def __init__(self, server: Any, sock: Any, addr: tuple[Any, ...], adj: Any, map: Any) -> None:  # noqa: A002 - as waitress calls it
        self.client = capped_client(addr[0])
        self.progress = Progress()
        self._turn = 0
        self._moved_bytes = 0
        self._is_writing = False
        super().__init__(server, sock, addr, adj, map=map)

    def note_progress(self, now_s: float) -> None:
        """Bring ``progress`` up to date."""
        step = self._step()
        held_bytes = len(self.request.body_rcv) if step is Step.BODY else self.total_outbufs_len
        self.progress.note(Position(step, self._turn, self._moved_bytes, held_bytes), now_s)

    def hang_up(self) -> None:
        """End the connection; the loop closes it when it finds it ended.

        Closed here, its descriptor could be the next connection's while the loop still holds an
        event of this one.
        """
        self.will_close = True
        with contextlib.suppress(OSError):  # the client was faster
            self.socket.shutdown(socket.SHUT_RDWR)

    def _step(self) -> Step:
        if self.requests:
            return Step.ANSWERED
        if self.total_outbufs_len:
            return Step.TAKING
        in_body = self.request is not None and self.request.body_rcv is not None
        return Step.BODY if in_body else Step.HEAD

    def readable(self) -> bool:
        """Return whether to read on: of a request whose turn has not come, only how it begins.

        waitress would take in its body, which counts as none while the one before is answered.
        """
        begun = self.requests and self.request is not None
        return not begun and bool(super().readable())

    def handle_read(self) -> None:
        """Read what has come; of TLS that may be less than anything."""
        try:
            data = self.recv(self.adj.recv_bytes)
        except BlockingIOError:
            return
        except OSError:  # viewers come and go
            self.handle_close()
            return
        if data:
            self._moved_bytes += len(data)
            self.received(data)
        else:
            self.connected = False

    def handle_expt(self) -> None:
        """Hang up: HTTP has no urgent data, of which the system would tell again and again."""
        self.handle_close()

    def send(self, data: bytes, do_close: bool = True) -> int:  # noqa: ARG002 - as waitress calls it
        """Send what the system takes, and return how many bytes that were.

        Who has gone is closed by the loop when it finds that out, whatever ``do_close`` says: this
        may be another thread, and the loop would still hold the connection's descriptor.
        """
        sent: int = super().send(data, do_close=False)
        self._moved_bytes += sent
        return sent

    def write_soon(self, data: Any) -> int:
        """Take a piece of an answer when the one before is with the system."""
        self._is_writing = True
        try:
            written: int = super().write_soon(data)
        finally:
            self._is_writing = False
        return written

    def service(self) -> None:
        """Answer one request."""
        super().service()
        self._turn += 1
        if self.total_outbufs_len:
            self.server.look_soon()  # together those answers may be too much

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Wait for the piece before, but not between two requests.

        There waitress has the next request wait, with its thread, until the answer before has been
        taken. Who sends the next one without taking that one is answered no more.
        """
        if self._is_writing:
            super()._flush_outbufs_below_high_watermark()
            return
        with self.outbuf_lock:
            self._flush_exception(self._flush_some, do_close=False)
        if self.total_outbufs_len:
            with self.requests_lock:
                del self.requests[1:]
                self.close_when_flushed = True
