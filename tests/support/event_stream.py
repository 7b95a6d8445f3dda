"""A reader of server-sent events who takes them one by one."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Received:
    """One event."""

    name: str
    event_id: str
    data: Any


class EventStream:
    """Opens the stream over HTTP/1.0, so that the body is not cut into chunks.

    Args:
        url: Of the server.
        path: Of the stream.
        last_event_id: What a browser that comes back sends.
        receive_bytes: Size of the system's buffer for what is not read yet.
    """

    def __init__(
        self, url: str, path: str = "/events", last_event_id: str = "", receive_bytes: int = 0
    ) -> None:
        address = urlsplit(url)
        self._socket = socket.socket()
        if receive_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.settimeout(10)
        self._socket.connect((address.hostname, address.port))
        head = f"GET {path} HTTP/1.0\r\nHost: {address.netloc}\r\n"
        if last_event_id:
            head += f"Last-Event-ID: {last_event_id}\r\n"
        self._socket.sendall(f"{head}\r\n".encode())
        self._file = self._socket.makefile("rb")
        self.head = "".join(iter(lambda: self._file.readline().decode(), "\r\n"))
        self.comments: list[str] = []
        self.retry_ms: int | None = None

    def __enter__(self) -> EventStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def code(self) -> int:
        """The status of the answer."""
        return int(self.head.split()[1])

    def next_event(self) -> Received | None:
        """Read up to the next event; None where the server has hung up."""
        fields = {"event": "", "id": "", "data": ""}
        while line := self._file.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if line.startswith(":"):
                self.comments.append(value)
            elif name == "retry":
                self.retry_ms = int(value)
            elif name:
                assert name in fields, line
                fields[name] = value
            elif fields["event"]:
                return Received(fields["event"], fields["id"], json.loads(fields["data"]))
        return None

    def expect(self, name: str) -> Received:
        """Read up to the next event of that name."""
        while event := self.next_event():
            if event.name == name:
                return event
        raise AssertionError(f"the server has hung up before it sent {name}")

    def rest(self) -> bytes:
        """Read until the server hangs up."""
        return self._file.read()

    def close(self) -> None:
        self._file.close()
        self._socket.close()
