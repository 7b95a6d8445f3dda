"""A viewer of a stream who reads raw bytes."""

from __future__ import annotations

import socket
from types import TracebackType
from urllib.parse import urlsplit

BOUNDARY = b"--ferstream-picture\r\n"


class RawViewer:
    """Opens a stream and reads its parts; HTTP/1.0, so that the body is not cut into chunks.

    Args:
        url: Of the server.
        path: Of the stream.
        receive_bytes: Size of the system's buffer for what is not read yet.
    """

    def __init__(self, url: str, path: str = "/video_feed", receive_bytes: int = 0) -> None:
        address = urlsplit(url)
        self._socket = socket.socket()
        if receive_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.settimeout(10)
        self._socket.connect((address.hostname, address.port))
        request = f"GET {path} HTTP/1.0\r\nHost: {address.netloc}\r\n\r\n"
        self._socket.sendall(request.encode())
        self._buffer = b""
        self.head = self.read_until(b"\r\n\r\n").decode()
        if self.code == 200:
            assert self.read_until(b"\r\n") == BOUNDARY

    def __enter__(self) -> RawViewer:
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

    def read_until(self, end: bytes) -> bytes:
        """Read up to and with ``end``."""
        while end not in self._buffer:
            self._more()
        found, self._buffer = self._buffer.split(end, 1)
        return found + end

    def read_picture(self) -> bytes:
        """Read one part, with the boundary that follows it, and give its JPEG."""
        head = self.read_until(b"\r\n\r\n").decode()
        fields = dict(line.split(": ") for line in head.strip().split("\r\n"))
        assert fields.keys() == {"Content-Type", "Content-Length"}
        assert fields["Content-Type"] == "image/jpeg"
        length = int(fields["Content-Length"])
        while len(self._buffer) < length + 2 + len(BOUNDARY):
            self._more()
        jpeg, self._buffer = self._buffer[:length], self._buffer[length:]
        assert self._buffer.startswith(b"\r\n" + BOUNDARY)
        self._buffer = self._buffer[2 + len(BOUNDARY) :]
        return jpeg

    def read_to_end(self) -> bytes:
        """Read until the server hangs up."""
        try:
            while True:
                self._more()
        except EOFError:
            return self._buffer

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> None:
        data = self._socket.recv(65_536)
        if not data:
            raise EOFError("the server has hung up")
        self._buffer += data
