"""A peer's side of the connection to the broker.

``BrokerLink`` says hello until it is welcomed, sends a heartbeat every second, notices a broker
that was restarted, fell silent or cannot be understood, and says hello again. A stage asks it for
the next message and sends its own; it never waits longer than it is told.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Callable

import zmq

from common import wire
from common.config import BrokerSettings
from common.endpoint import connect_address, resolve_endpoint
from common.errors import ConfigError, MessageError, RefusedError
from common.handshakes import ConnectionWatch, advice
from common.keys.needed import key_of_peer
from common.messages import Bye, Heartbeat, Message, Refused, Status, Welcome, WhoAreYou
from common.sockets import Context, connect, make_dealer

HEARTBEAT_S = 1.0
HELLO_RETRY_S = 0.25
RECONNECT_BACKOFF_S = (3.0, 5.0, 8.0)
GOODBYE_MS = 500  # for a goodbye to go out; well within the time a supervisor gives

log = logging.getLogger(__name__)


def peer_name() -> str:
    """Name this process for people: what honcho calls it, the host and the process number."""
    honcho_name = os.environ.get("HONCHO_PROCESS_NAME")
    process = f"{socket.gethostname()}:{os.getpid()}"
    return f"{honcho_name}@{process}" if honcho_name else process


class BrokerLink:
    """The connection of one peer to the broker.

    Args:
        context: The ZeroMQ context of the process.
        broker: Where the broker is, and with which key.
        hello: Makes the message that introduces the peer, anew each time it is needed.

    Raises:
        ConfigError: Nothing can connect there, or not without a key.
    """

    def __init__(
        self, context: Context, broker: BrokerSettings, hello: Callable[[], Message]
    ) -> None:
        self._context = context
        self._endpoint = connect_address(resolve_endpoint(broker.endpoint))
        self._key = key_of_peer(broker)
        self._hello = hello
        self._connect()
        self._reconnects = 0
        self._next_hello = 0.0
        self._next_status = 0.0
        self._heard_at = time.monotonic()
        self._done = 0
        self._busy_ms = 0.0
        self._bad_messages = 0
        self.welcomed = False
        self._waits = False  # and is to be welcomed again

    def count(self, done: int, busy_s: float) -> None:
        """Add to what the heartbeats report: units done and the time they took."""
        self._done += done
        self._busy_ms += busy_s * 1000

    def send(self, message: Message) -> bool:
        """Send a message; False where the broker is away or far behind and it was not sent."""
        try:
            self._socket.send_multipart(wire.encode(message), zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return False
        return True

    def receive(self, timeout_s: float) -> Message | None:
        """Return the next message for the stage, or None if there is none within ``timeout_s``.

        ``Welcome`` is given too: what was in hand before it is void. It comes again only to who was
        told to wait for others.

        Raises:
            RefusedError: The broker will not have this peer.
        """
        self._keep_alive()
        due = self._next_status if self.welcomed else self._next_hello
        timeout_s = max(0.0, min(timeout_s, due - time.monotonic()))
        if not self._socket.poll(math.ceil(timeout_s * 1000)):  # less would be no wait at all
            self._reconnect_if_silent()
            return None
        try:
            message = wire.decode(self._socket.recv_multipart(zmq.NOBLOCK))
        except wire.VersionError as error:
            raise RefusedError(
                f"the broker at {self._endpoint} is of another version of ferstream ({error}); "
                "install the same version everywhere"
            ) from error
        except MessageError as error:
            self._bad_messages += 1
            log.warning("bad message from the broker at %s: %s", self._endpoint, error)
            self._start_over()  # it may wait for the answer, and takes the work back on our hello
            return None
        return self._handle(message)

    def leave(self) -> None:
        """Say goodbye and close: nothing is wrong with what this peer has in hand."""
        if self.welcomed and self.send(Bye()):
            self.welcomed = False
            self._disconnect(GOODBYE_MS)  # the context's end waits for it
        else:
            self.close()

    def close(self) -> None:
        """Close without a word, as a process that dies: what it has in hand may be to blame."""
        self.welcomed = False
        self._disconnect()

    def _connect(self) -> None:
        self._hung_up = False
        self._socket = make_dealer(self._context, self._key)
        on_tcp = self._endpoint.startswith("tcp://")
        self._watch = ConnectionWatch(self._socket) if on_tcp else None
        try:
            connect(self._socket, self._endpoint)
        except ConfigError:
            self._disconnect()
            raise

    def _disconnect(self, linger_ms: int = 0) -> None:
        if self._watch is not None:
            self._watch.close()
        self._socket.close(linger=linger_ms)

    def _handle(self, message: Message) -> Message | None:
        self._heard_at = time.monotonic()
        self._reconnects = 0
        if isinstance(message, Heartbeat):
            return None
        if isinstance(message, WhoAreYou):
            self.welcomed = False
            self._say_hello()
            return None
        if isinstance(message, Refused):
            raise RefusedError(message.reason)
        if isinstance(message, Welcome):
            if self.welcomed and not self._waits:
                return None  # the answer to a hello that was sent twice
            self.welcomed, self._waits = True, bool(message.awaited)
        return message

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if not self.welcomed and now >= self._next_hello:
            self._end_if_refused()
            self._say_hello()
        elif self.welcomed and now >= self._next_status:
            self._next_status = now + HEARTBEAT_S
            self.send(Status(self._done, self._busy_ms, self._bad_messages))

    def _end_if_refused(self) -> None:
        """Look why no connection has come about, and end where waiting would not help."""
        while self._watch is not None and (failure := self._watch.next_failure()):
            told = advice(failure, self._endpoint, self._key)
            if told is not None:
                raise RefusedError(told)
            self._hung_up = True

    def _doubt(self) -> str:
        """Return what may be wrong where the broker is there and hangs up."""
        if not self._hung_up:
            return ""
        if self._key is None:
            return "; it hangs up: does it ask for a key (BROKER_KEYS)?"
        return f"; it hangs up: was {self._key.file} made for this broker?"

    def _say_hello(self) -> None:
        self._next_hello = time.monotonic() + HELLO_RETRY_S
        self.send(self._hello())

    def _reconnect_if_silent(self) -> None:
        """Start over where the broker is away, or gave this peer up.

        Only once the socket was found empty: a stage that was busy for long has heard nothing.
        """
        limit_s = RECONNECT_BACKOFF_S[min(self._reconnects, len(RECONNECT_BACKOFF_S) - 1)]
        if time.monotonic() - self._heard_at <= limit_s:
            return
        if self.welcomed and self._watch is not None and self._watch.hears_within(limit_s):
            return  # a large message is on its way
        log.warning(
            "nothing from the broker at %s; connecting again%s", self._endpoint, self._doubt()
        )
        self._reconnects += 1
        self._start_over()

    def _start_over(self) -> None:
        """Say hello anew, through a new socket: for the broker the peer behind the old is gone."""
        self._heard_at = time.monotonic()
        self.welcomed = False
        self._disconnect()
        self._connect()
        self._next_hello = self._heard_at + HELLO_RETRY_S  # it takes a moment to connect
