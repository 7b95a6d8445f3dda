"""The thin loop between the broker's socket and its logic."""

from __future__ import annotations

import logging
import time

import zmq

from common import wire
from common.broker.progress import ProgressLog
from common.broker.scheduler import Scheduler
from common.errors import MessageError
from common.lifetime import Lifetime
from common.messages import Message, Refused
from common.sockets import BrokerSocket

POLL_MS = 20  # how precisely the age of frames is kept
MESSAGES_A_STEP = 256
HEARTBEAT_NS = 1_000_000_000
REPORT_NS = 250_000_000
GOODBYE_NS = 2_000_000_000

log = logging.getLogger(__name__)


class BrokerLoop:
    """Receives, lets the scheduler decide, sends.

    Args:
        socket: The bound socket.
        scheduler: The logic, whose time is that of ``time.monotonic_ns``.
        lifetime: The life of this process, which is asked to end when everything is done.
    """

    def __init__(self, socket: BrokerSocket, scheduler: Scheduler, lifetime: Lifetime) -> None:
        self._socket = socket
        self._router = socket.router
        self._scheduler = scheduler
        self._lifetime = lifetime
        self._progress = ProgressLog()
        self._bad_messages = 0
        self._next_heartbeat_ns = 0
        self._next_report_ns = 0
        self._finished_ns = 0

    def step(self) -> None:
        """Do one round: what has arrived, what is due, what is to be sent."""
        if self._router.poll(POLL_MS):
            for _ in range(MESSAGES_A_STEP):
                if not self._receive():
                    break
        now_ns = time.monotonic_ns()
        self._scheduler.tick(now_ns)
        if now_ns >= self._next_heartbeat_ns:
            self._next_heartbeat_ns = now_ns + HEARTBEAT_NS
            self._scheduler.heartbeat()
        just_finished = self._scheduler.state.finished and not self._finished_ns
        if now_ns >= self._next_report_ns or just_finished:
            self._next_report_ns = now_ns + REPORT_NS
            self._progress.show(self._scheduler.report(now_ns, self._bad_messages))
        if just_finished:
            self._finished_ns = now_ns
        self._send()
        if self._finished_ns and self._everybody_knows(now_ns):
            self._lifetime.request_stop()

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def _everybody_knows(self, now_ns: int) -> bool:
        """Return whether all peers have left since the end, or have had the time to."""
        return not self._scheduler.state.peers.all() or now_ns - self._finished_ns > GOODBYE_NS

    def _receive(self) -> bool:
        """Take one message in; return False where none has arrived."""
        try:
            identity, *parts = self._router.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return False
        try:
            self._scheduler.handle(identity, wire.decode(parts), time.monotonic_ns())
        except wire.VersionError as error:
            self._bad_messages += 1
            log.warning("refused a peer of another version: %s", error)
            self._scheduler.state.send(identity, Refused(f"versions differ: {error}"))
        except MessageError as error:
            self._bad_messages += 1
            log.warning("skipped a bad message: %s", error)
            self._scheduler.bad_message(identity)
        return True

    def _send(self) -> None:
        outbox = self._scheduler.state.outbox
        dead = {identity for identity, message in outbox if not self._reaches(identity, message)}
        outbox.clear()
        for identity in dead:
            self._scheduler.peer_died(identity)

    def _reaches(self, identity: bytes, message: Message) -> bool:
        """Send a message; return False where the peer is gone or takes nothing any more."""
        try:
            self._router.send_multipart([identity, *wire.encode(message)], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise
            return False
        return True
