"""Who is connected to the broker's socket, and hanging up on who is to go.

libzmq tells when it has accepted a connection and when it has lost one, by its descriptor, and with
each message by which descriptor it came. It cannot hang up on a peer; but to shut the descriptor
down does that, and libzmq then lets go of all that it holds of that peer: a message without an end,
too, of which it gives nothing out before the last part has come.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import zmq

from common.handshakes import FAILURES, Failure, failure_of, read_event

EVENTS = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | FAILURES
IDENTITY_BYTES = 5
"""The length of the identities that libzmq gives, which begin with a zero."""


class Connection:
    """One connection.

    Attributes:
        descriptor: The file descriptor, which is libzmq's.
        since_ns: Since when it has been a stranger's, or nobody's.
        identity: Of who is at its other end; empty until that has said something.
        messages: How many messages have come by it since it has been a stranger's.
        bad_messages: How many of all have been none of ours.
        weight: Its waiting bytes, added up over looks, the older ones for less.
        is_hung_up: Whether it was shut down here, and libzmq has yet to let go of it.
    """

    __slots__ = (
        "bad_messages",
        "descriptor",
        "identity",
        "is_hung_up",
        "messages",
        "since_ns",
        "weight",
    )

    def __init__(self, descriptor: int, since_ns: int) -> None:
        self.descriptor = descriptor
        self.since_ns = since_ns
        self.identity = b""
        self.messages = 0
        self.bad_messages = 0
        self.weight = 0.0
        self.is_hung_up = False

    def waiting_bytes(self) -> int:
        """Return how many bytes the system holds of it: not taken by us yet, or by the peer."""
        try:
            unread, unsent = (
                fcntl.ioctl(self.descriptor, request, bytes(4))
                for request in (termios.FIONREAD, termios.TIOCOUTQ)
            )
        except OSError:
            return 0  # it is gone
        return sum(struct.unpack("ii", unread + unsent))

    def hang_up(self) -> None:
        """Shut it down; that it is gone is told as of any other."""
        self.is_hung_up = True
        with suppress(OSError), self._socket() as end:  # it may be gone already
            end.shutdown(socket.SHUT_RDWR)

    def address(self) -> str:
        """Return what can be known of who is there without asking."""
        try:
            with self._socket() as end:
                if end.family is not socket.AF_UNIX:
                    host, port = end.getpeername()[:2]
                    return f"{host}:{port}"
                credentials = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        except (OSError, AttributeError):  # gone, or no Linux
            return "a peer"
        return f"process {struct.unpack('3i', credentials)[0]}"

    @contextmanager
    def _socket(self) -> Iterator[socket.socket]:
        """Yield its socket, which stays libzmq's: a copy would need a file of its own."""
        end = socket.socket(fileno=self.descriptor)
        try:
            yield end
        finally:
            end.detach()


class Connections:
    """All connections of the broker's socket, in the order in which they came.

    Args:
        monitor: What libzmq reports ``EVENTS`` to.

    Attributes:
        trusted: Those of peers that take part, by identity: their messages are taken as they come,
            those of others are looked at.
    """

    def __init__(self, monitor: zmq.Socket[bytes]) -> None:
        self._monitor = monitor
        self._by_descriptor: dict[int, Connection] = {}
        self._gone: list[bytes] = []
        self._failures: Counter[Failure] = Counter()
        self.trusted: dict[bytes, Connection] = {}

    def __len__(self) -> int:
        return len(self._by_descriptor)

    def all(self) -> list[Connection]:
        """Return all that there are, the oldest first."""
        return list(self._by_descriptor.values())

    def strangers(self) -> list[Connection]:
        """Return those of nobody who takes part, the oldest first."""
        if len(self.trusted) == len(self._by_descriptor):
            return []
        return [each for each in self.all() if self.trusted.get(each.identity) is not each]

    def update(self) -> None:
        """Take note of who has come and gone."""
        while True:
            try:
                event, value = read_event(self._monitor.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                return
            failure = failure_of(event, value)
            if failure is not None:
                self._failures[failure] += 1
                continue
            self._forget(value)  # libzmq says nothing of some that it closes itself
            if event == zmq.EVENT_ACCEPTED:
                connection = Connection(value, time.monotonic_ns())
                self._by_descriptor[connection.descriptor] = connection

    def take_gone(self) -> list[bytes]:
        """Return the identities of those that have gone since the last time."""
        gone, self._gone = self._gone, []
        return gone

    def take_failures(self) -> Counter[Failure]:
        """Return why connections have not come about since the last time, and how many."""
        failures, self._failures = self._failures, Counter()
        return failures

    def hear_stranger(self, identity: bytes, descriptor: int | None, own: bytes) -> bool:
        """Take note of a message by one that is not trusted; return whether to listen to it.

        Who has an identity of its own making is hung up on: libzmq ends the process when one that
        it makes itself is taken. Peers of ours leave it to libzmq.

        Args:
            identity: Whose message it is.
            descriptor: How it came; None where that is not known, and nobody can be held to it.
            own: That part of the identity that the peer could have made.
        """
        if descriptor is None:
            return False
        self.update()
        connection = self._by_descriptor.get(descriptor)
        if connection is None:
            return True  # its last words
        connection.identity = identity
        connection.messages += 1
        if len(own) == IDENTITY_BYTES and own[0] == 0:
            return True
        connection.hang_up()
        return False

    def find(self, identity: bytes) -> Connection | None:
        """Return the connection of a peer that has one, not what has its descriptor after it."""
        self.update()
        trusted = self.trusted.get(identity)
        if trusted is not None:
            return trusted
        return next((each for each in self.strangers() if each.identity == identity), None)

    def close(self) -> None:
        """Take note of nothing any more."""
        self._monitor.close()

    def _forget(self, descriptor: int) -> None:
        connection = self._by_descriptor.pop(descriptor, None)
        if connection is not None and connection.identity:
            if self.trusted.get(connection.identity) is connection:
                del self.trusted[connection.identity]
            self._gone.append(connection.identity)
