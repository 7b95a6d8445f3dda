"""Readers of answers that do not end, who take the bytes as they come."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

BOUNDARY = b"--ferstream-picture\r\n"
S = TypeVar("S", bound="HttpStream")


class HttpStream:
    """An answer over HTTP/1.0, so that the body is not cut into chunks.

    Args:
        url: The server's address.
        path: Where the stream is.
        receive_bytes: Size of the system's buffer for what is not read yet; 0 is its own choice.
        headers: What else the request says.
    """

    def __init__(self, url: str, path: str, receive_bytes: int = 0, **headers: str) -> None:
        address = urlsplit(url)
        self._socket = socket.socket()
        self._file = self._socket.makefile("rb")
        lines = [f"GET {path} HTTP/1.0", f"Host: {address.netloc}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        try:
            if receive_bytes:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            self._socket.settimeout(10)
            self._socket.connect((address.hostname, address.port))
            self._socket.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
            self.head = self._read_head()
        except (OSError, EOFError):
            self.close()
            raise

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def code(self) -> int:
        """The status of the answer."""
        return int(self.head.split()[1])

    def read_to_end(self) -> bytes:
        """Read until the server hangs up."""
        return self._file.read()

    def read_some(self, most: int) -> bytes:
        """Read what has come, ``most`` bytes of it; nothing is the end."""
        return self._file.read1(most)

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _read_head(self) -> str:
        return "".join(iter(lambda: self._line().decode(), "\r\n"))

    def _line(self) -> bytes:
        line = self._file.readline()
        if not line:
            raise EOFError("the server has hung up")
        return line


class RawViewer(HttpStream):
    """A viewer of ``/video_feed``."""

    def __init__(self, url: str, path: str = "/video_feed", receive_bytes: int = 0) -> None:
        super().__init__(url, path, receive_bytes)
        if self.code == 200:
            assert self._line() == BOUNDARY

    def read_picture(self) -> bytes:
        """Read one part, with the boundary that follows it, and return its JPEG."""
        fields = dict(line.split(": ") for line in self._read_head().strip().split("\r\n"))
        assert fields.keys() == {"Content-Type", "Content-Length"}
        assert fields["Content-Type"] == "image/jpeg"
        jpeg = self._file.read(int(fields["Content-Length"]))
        assert (self._line(), self._line()) == (b"\r\n", BOUNDARY)
        return jpeg


class RawTold(HttpStream):
    """A viewer of ``/video_feed`` that is told the faces."""

    def __init__(self, url: str, path: str = "/video_feed?boxes=0") -> None:
        super().__init__(url, path, Accept="application/octet-stream")

    def read_picture(self) -> tuple[Any, bytes]:
        """Read one picture, and return what is said of it and its JPEG."""
        told = json.loads(self._line())
        jpeg = self._file.read(told["bytes"])
        assert self._line() == b"\n"
        return told, jpeg


@dataclass(frozen=True)
class Received:
    """One event."""

    name: str
    event_id: str
    data: Any


class EventStream(HttpStream):
    """A reader of server-sent events who takes them one by one.

    Args:
        url: The server's address.
        path: Where the stream is.
        last_event_id: What a browser that comes back sends.
        receive_bytes: Size of the system's buffer for what is not read yet.
    """

    def __init__(
        self, url: str, path: str = "/events", last_event_id: str = "", receive_bytes: int = 0
    ) -> None:
        headers = {"Last_Event_ID": last_event_id} if last_event_id else {}
        super().__init__(url, path, receive_bytes, **headers)
        self.comments: list[str] = []
        self.retry_ms: int | None = None

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
