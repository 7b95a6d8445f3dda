"""Connections that do not come about: why, and what people can do about it; and those that have."""

from __future__ import annotations

import socket
import struct
import sys
from collections import deque
from enum import Enum, auto

import zmq

from common.keys.files import PeerKey

FAILURES = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
"""The events that tell of one."""
_EVENT = struct.Struct("=HI")
_TCP_INFO_BYTES, _LAST_DATA_RECEIVED = 56, 52
"""How much of Linux' ``struct tcp_info`` is read, and where in it stands for how many milliseconds
nothing has come (linux/tcp.h, ``tcpi_last_data_recv``)."""


class Failure(Enum):
    """Why a connection did not come about."""

    KEY_REFUSED = auto()
    """The broker does not take the peer's key."""
    ONE_IN_THE_CLEAR = auto()
    """One side uses keys, the other none."""
    OTHER_BROKER = auto()
    """The peer knows the broker by another key; only the broker learns this."""
    HUNG_UP = auto()
    """The other side hung up, for whatever reason."""


_BY_VALUE = {
    int(zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH): Failure.ONE_IN_THE_CLEAR,
    int(zmq.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC): Failure.OTHER_BROKER,
}


def read_event(parts: list[bytes]) -> tuple[int, int]:
    """Return an event that a monitor reports, and its value.

    As ``zmq.utils.monitor`` does, which imports asyncio: 25 ms of CPU.
    """
    event, value = _EVENT.unpack(parts[0])
    return event, value


def failure_of(event: int, value: int) -> Failure | None:
    """Return the failure that an event tells of, None where it tells of something else."""
    if not event & FAILURES:
        return None
    if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
        return Failure.KEY_REFUSED
    return _BY_VALUE.get(value, Failure.HUNG_UP)


class ConnectionWatch:
    """Learns what becomes of a peer's connection on tcp; made before its socket connects."""

    def __init__(self, watched: zmq.Socket[bytes]) -> None:
        self._watched = watched
        events = FAILURES | zmq.EVENT_CONNECTED | zmq.EVENT_DISCONNECTED
        self._monitor = watched.get_monitor_socket(events)
        self._failures: deque[Failure] = deque()
        self._descriptor: int | None = None

    def next_failure(self) -> Failure | None:
        """Return the next failure that was not told yet, None where there is none."""
        self._update()
        return self._failures.popleft() if self._failures else None

    def hears_within(self, seconds: float) -> bool:
        """Return whether bytes have come in these last seconds, be it of no whole message.

        One that is large is longer on its way over a slow link than silence may last, and what is
        sent meanwhile waits behind it. Only Linux tells.
        """
        self._update()
        if sys.platform != "linux" or self._descriptor is None:
            return False
        try:
            connection = socket.socket(fileno=self._descriptor)
        except OSError:
            return False  # it is gone
        try:
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        except OSError:
            return False
        finally:
            connection.detach()  # it is libzmq's
        (silent_ms,) = struct.unpack_from("=I", info, _LAST_DATA_RECEIVED)
        return bool(silent_ms < 1000 * seconds)

    def close(self) -> None:
        """Watch no more; to be called before the socket is closed."""
        self._watched.disable_monitor()
        self._monitor.close()

    def _update(self) -> None:
        """Take note of what has happened since the last time."""
        while self._monitor.poll(0):
            event, value = read_event(self._monitor.recv_multipart())
            failure = failure_of(event, value)
            if failure is not None:
                self._failures.append(failure)
            else:
                self._descriptor = value if event == zmq.EVENT_CONNECTED else None


def advice(failure: Failure, endpoint: str, key: PeerKey | None) -> str | None:
    """Return what to tell the user of a peer that cannot connect, None where it may yet be able."""
    if failure is Failure.KEY_REFUSED and key is not None:
        return (
            f"BROKER_KEYS={key.file}: the broker at {endpoint} does not take this key: it is not "
            "listed there, or was revoked; make one with `python -m common.keys add` on the "
            "broker's machine and copy its file here"
        )
    if failure is not Failure.ONE_IN_THE_CLEAR:
        return None
    if key is None:
        return (
            f"the broker at {endpoint} takes only peers with a key: make one with `python -m "
            "common.keys add` on its machine, copy the file here and set BROKER_KEYS to its path"
        )
    return (
        f"BROKER_KEYS={key.file}: the broker at {endpoint} uses no keys: start it with "
        "BROKER_KEYS, too, so that nobody else can listen and take part"
    )
