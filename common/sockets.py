"""The only place where sockets are made. Nothing is left at the library's default that can bite.

Linger 0, so that closing never waits; bounded queues; bounded message sizes; a reconnect interval
that suits a broker restart; and ``IMMEDIATE``, so that nothing queues for a broker that is not
there and arrives stale when it is.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import zmq

from common.connections import EVENTS, Connections
from common.endpoint_lock import EndpointLock
from common.entrance import Entrance
from common.errors import ConfigError
from common.keys.files import KEY_LENGTH, KeyPair, PeerKey

Context = zmq.Context[zmq.Socket[bytes]]
"""What makes the sockets of a process."""

QUEUE_MESSAGES = 5000
"""More than the broker has a publisher hold: 16 frames of each of 256 lossless cameras."""
MAX_MESSAGE_BYTES = 128 * 1024 * 1024
"""Of one part of a message to a peer: a run of frames that travel inline, or a batch of faces."""
MAX_BROKER_MESSAGE_BYTES = 64 * 1024 * 1024
"""Of one part of a message to the broker: one picture, or the faces of one frame."""
MAX_PARTS = 8
"""Of a message that are looked at; ours have two."""
BACKLOG = 1024
"""Connections that wait to be accepted, so that a crowd keeps nobody out."""
RECONNECT_MS = 50
RECONNECT_MAX_MS = 200
RECEIVE_TIMEOUT_MS = 20

# plain numbers: sending and receiving add flags for each part, and to add enums takes long
_NOBLOCK = int(zmq.NOBLOCK)
_NOBLOCK_MORE = int(zmq.NOBLOCK | zmq.SNDMORE)


def make_dealer(context: Context, key: PeerKey | None) -> zmq.Socket[bytes]:
    """Make a peer's socket; with a key it shows that and talks to the key's broker alone."""
    dealer = context.socket(zmq.DEALER)
    _set_limits(dealer)
    dealer.setsockopt(zmq.IMMEDIATE, 1)
    dealer.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    dealer.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
    if key is not None:
        dealer.setsockopt(zmq.CURVE_PUBLICKEY, key.pair.public.encode())
        dealer.setsockopt(zmq.CURVE_SECRETKEY, key.pair.secret.encode())
        dealer.setsockopt(zmq.CURVE_SERVERKEY, key.broker.encode())
    return dealer


def connect(dealer: zmq.Socket[bytes], endpoint: str) -> None:
    """Connect a peer's socket to the broker, which need not be there yet.

    Raises:
        ConfigError: Nothing can ever connect to such an address.
    """
    _allow_ipv6(dealer, endpoint)
    try:
        dealer.connect(endpoint)
    except zmq.ZMQError as error:
        raise ConfigError(
            f"BROKER_ENDPOINT={endpoint}: cannot connect there ({error.strerror}); "
            "give the broker's host, or an ipc:// path that is short enough"
        ) from error


class BrokerSocket:
    """The broker's bound socket, and the lock that keeps a second broker from stealing its path.

    Args:
        context: The ZeroMQ context of the process.
        endpoint: Where to listen.
        key: The broker's key, on tcp; without it all come in. With it the identity of each peer
            begins with the key that its connection was made with (``key_of``).

    Attributes:
        connections: Who is connected.
        entrance: Where it is answered whose key is good; None without keys.

    Raises:
        ConfigError: The address is taken; names who has it where that is known.
    """

    def __init__(self, context: Context, endpoint: str, key: KeyPair | None = None) -> None:
        is_ipc = endpoint.startswith("ipc://")
        self._lock = EndpointLock(Path(endpoint.removeprefix("ipc://"))) if is_ipc else None
        _make_identities_unguessable()
        self.router = context.socket(zmq.ROUTER)
        _set_limits(self.router)
        self.router.setsockopt(zmq.MAXMSGSIZE, MAX_BROKER_MESSAGE_BYTES)
        self.router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self.router.setsockopt(zmq.RCVTIMEO, RECEIVE_TIMEOUT_MS)
        self.router.setsockopt(zmq.BACKLOG, BACKLOG)
        self.connections = Connections(_monitor(context, self.router))
        self._trusted = self.connections.trusted
        self.entrance = Entrance(self.router, context.socket(zmq.REP), key) if key else None
        self._receive_identity = self.router.recv if key is None else self._identity_with_key
        self._key_length = KEY_LENGTH if key else 0
        try:
            _bind(self.router, endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise ConfigError(
                f"BROKER_ENDPOINT={endpoint}: cannot listen there ({error.strerror}); "
                "is another pipeline running? set BROKER_ENDPOINT to another address"
            ) from error

    def wait(self) -> list[bytes] | None:
        """Return a message as soon as one comes, None where none comes soon.

        It has no parts where it is of somebody who is not listened to. As ``poll`` and
        ``recv_multipart`` would, which take twice as long.
        """
        return self._receive(0)

    def receive(self) -> list[bytes] | None:
        """Return a message that has come, as ``wait`` does, None where none has."""
        return self._receive(_NOBLOCK)

    def _receive(self, flags: int) -> list[bytes] | None:
        """Return the parts of a message, the first of which is the identity of who sent it."""
        try:
            parts = [self._receive_identity(flags)]
        except zmq.Again:
            return None
        if parts[0] not in self._trusted:
            return self._receive_strange(parts)
        while self.router.getsockopt(zmq.RCVMORE):
            part = self.router.recv()
            if len(parts) <= MAX_PARTS:
                parts.append(part)
        return parts

    def _receive_strange(self, parts: list[bytes]) -> list[bytes]:
        """Return the whole message, nothing where it is not to be listened to."""
        descriptor = None
        while self.router.getsockopt(zmq.RCVMORE):
            part = self.router.recv(copy=False)
            descriptor = _descriptor_of(part)
            if len(parts) <= MAX_PARTS:
                parts.append(part.bytes)
        own = parts[0][self._key_length :]
        heard = self.connections.hear_stranger(parts[0], descriptor, own)
        return parts if heard else []

    def _identity_with_key(self, flags: int) -> bytes:
        frame = self.router.recv(flags, copy=False)
        return str(frame.get("User-Id")).encode() + frame.bytes

    def send(self, identity: bytes, parts: list[bytes]) -> bool:
        """Send a message of two parts; return False where the peer is gone or takes nothing now."""
        if self.entrance is not None:
            identity = identity[KEY_LENGTH:]
        try:
            self.router.send(identity, _NOBLOCK_MORE)
            self.router.send(parts[0], _NOBLOCK_MORE)
            self.router.send(parts[1], _NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise
            return False
        return True

    def close(self) -> None:
        """Close the socket and remove its files."""
        if not self.router.closed:
            self.router.disable_monitor()
            self.connections.close()
            self.router.close()
        if self.entrance is not None:
            self.entrance.close()
            self.entrance = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _descriptor_of(part: zmq.Frame) -> int | None:
    """Return by which descriptor a part came; None where libzmq does not know.

    That is of peers that speak its protocol as it was before ZeroMQ 4, which none of ours does.
    """
    try:
        return int(part.get(zmq.SRCFD))
    except zmq.ZMQError:
        return None


def _set_limits(socket: zmq.Socket[bytes]) -> None:
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.SNDHWM, QUEUE_MESSAGES)
    socket.setsockopt(zmq.RCVHWM, QUEUE_MESSAGES)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)


def _allow_ipv6(socket: zmq.Socket[bytes], endpoint: str) -> None:
    """Let a socket use such an address as ``tcp://[::1]:5555``; names stand for IPv4 addresses."""
    socket.setsockopt(zmq.IPV6, int(endpoint.startswith("tcp://[")))


def _make_identities_unguessable() -> None:
    """Have libzmq count the identities it gives from a number that nobody knows.

    It draws the first with ``rand()`` and leaves that unseeded, so that it was the same in every
    process. And it ends the process where somebody has taken the one that comes next.
    """
    ctypes.CDLL(None).srand(int.from_bytes(os.urandom(4), "little"))


def _monitor(context: Context, socket: zmq.Socket[bytes]) -> zmq.Socket[bytes]:
    """Return what says who connects to a socket and who is gone."""
    address = f"inproc://monitor-{os.urandom(8).hex()}"
    socket.monitor(address, EVENTS)
    monitor = context.socket(zmq.PAIR)
    monitor.setsockopt(zmq.LINGER, 0)
    monitor.setsockopt(zmq.RCVHWM, 0)  # else who reports waits, and with it the whole socket
    monitor.connect(address)
    return monitor


def _bind(socket: zmq.Socket[bytes], endpoint: str) -> None:
    """Listen; to a path only processes of this user can connect."""
    _allow_ipv6(socket, endpoint)
    before = os.umask(0o177)
    try:
        socket.bind(endpoint)
    finally:
        os.umask(before)
