"""A peer that speaks ZMTP by hand, and so may do what libzmq would not."""

from __future__ import annotations

import socket
import struct
from types import TracebackType
from typing import TypeVar

from common import wire
from common.messages import Message

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
LARGE, MORE = 2, 1
TIMEOUT_S = 30.0
P = TypeVar("P", bound="RawPeer")


class RawPeer:
    """A connection to the broker's socket.

    Args:
        path: Where the socket is.
        identity: What the peer calls itself; empty leaves it to the broker.
        greets: Whether it says anything at all.
    """

    def __init__(self, path: str, identity: bytes = b"", *, greets: bool = True) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(path)
        try:
            if greets:
                self._greet(identity)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self: P) -> P:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def say(self, message: Message) -> None:
        header, payload = wire.encode(message)
        self.send_part(header, more=True)
        self.send_part(payload)

    def send_part(self, data: bytes, *, more: bool = False) -> None:
        """Send a part of a message; raise ``OSError`` once the broker has hung up."""
        self.socket.sendall(bytes([LARGE | more]) + struct.pack(">Q", len(data)) + data)

    def hear(self) -> Message:
        """Take the next message, as it comes from the broker."""
        return wire.decode([self._read_part(), self._read_part()])

    def is_hung_up_on(self) -> bool:
        """Return whether the broker has closed the connection, whatever it said before."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(65536):
                continue
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self.socket.settimeout(TIMEOUT_S)
        return True

    def _greet(self, identity: bytes) -> None:
        self.socket.sendall(GREETING)
        self._read(64)
        ready = b"\x05READY" + _property(b"Socket-Type", b"DEALER")
        ready += _property(b"Identity", identity)
        self.socket.sendall(bytes([4, len(ready)]) + ready)
        _, size = self._read(2)
        self._read(size)

    def _read_part(self) -> bytes:
        (flags,) = self._read(1)
        size: int = struct.unpack(">Q", self._read(8))[0] if flags & LARGE else self._read(1)[0]
        return self._read(size)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionResetError("the broker has hung up")
            data += more
        return data


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value
