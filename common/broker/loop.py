"""The thin loop between the broker's socket and its logic."""

from __future__ import annotations

import logging
import time

from common import wire
from common.broker.doorkeeper import MAX_CONNECTIONS, SPARE_FILES, Doorkeeper
from common.broker.gate import Gate
from common.broker.progress import ProgressLog
from common.broker.scheduler import Scheduler
from common.errors import MessageError
from common.lifetime import Lifetime
from common.messages import Message, Refused
from common.open_files import allow_open_files
from common.sockets import BrokerSocket

TICK_NS = 20_000_000  # how precisely the age of frames is kept
MESSAGES_A_TICK = 1000
TAKING_NS = 200_000_000  # how long messages are taken in before others hear of the broker again
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
        gate: Says who may take part; None where whoever connects may.
    """

    def __init__(
        self,
        socket: BrokerSocket,
        scheduler: Scheduler,
        lifetime: Lifetime,
        gate: Gate | None = None,
    ) -> None:
        self._socket = socket
        self._scheduler = scheduler
        self._lifetime = lifetime
        open_files = allow_open_files(MAX_CONNECTIONS + SPARE_FILES)
        self._doorkeeper = Doorkeeper(socket.connections, scheduler.state.peers, open_files)
        self._gate = gate
        self._progress = ProgressLog()
        self._next_tick_ns = 0
        self._next_heartbeat_ns = 0
        self._next_report_ns = 0
        self._finished_ns = 0

    def step(self) -> None:
        """Do one round: a message if one comes soon, what is due, what is to be sent."""
        received = self._socket.wait()
        now_ns = time.monotonic_ns()
        if received:
            self._take(received, now_ns)
        if now_ns >= self._next_tick_ns:
            self._doorkeeper.tick(now_ns)
            self._take_what_has_come(now_ns)
            self._next_tick_ns = now_ns + TICK_NS
            self._tick(now_ns)
        self._send()

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def _tick(self, now_ns: int) -> None:
        """Do what the time has come for."""
        if self._gate is not None:
            self._gate.tick(now_ns)
        self._scheduler.tick(now_ns)
        if now_ns >= self._next_heartbeat_ns:
            self._next_heartbeat_ns = now_ns + HEARTBEAT_NS
            self._scheduler.heartbeat()
        just_finished = self._scheduler.state.finished and not self._finished_ns
        if now_ns >= self._next_report_ns or just_finished:
            self._next_report_ns = now_ns + REPORT_NS
            self._progress.show(self._scheduler.report(now_ns))
        if just_finished:
            self._finished_ns = now_ns
        if self._finished_ns and self._everybody_knows(now_ns):
            self._lifetime.request_stop()

    def _everybody_knows(self, now_ns: int) -> bool:
        """Return whether all peers have left since the end, or have had the time to."""
        return not self._scheduler.state.peers.all() or now_ns - self._finished_ns > GOODBYE_NS

    def _take_what_has_come(self, started_ns: int) -> None:
        """Take in what waits in the socket, lest those who sent it be taken for silent.

        Then nothing waits any more of those who have gone, and they can be given up.
        """
        now_ns = started_ns
        for _ in range(MESSAGES_A_TICK):
            received = self._socket.receive()
            if received is None:
                for identity in self._socket.connections.take_gone():
                    self._scheduler.peer_died(identity)
                return
            now_ns = time.monotonic_ns()
            if received:
                self._take(received, now_ns)
            if now_ns - started_ns > TAKING_NS:
                return

    def _take(self, received: list[bytes], now_ns: int) -> None:
        """Take one message in."""
        identity, *parts = received
        try:
            message = wire.decode(parts)
            if self._gate is None or self._gate.admits(identity, message):
                self._scheduler.handle(identity, message, now_ns)
        except wire.VersionError as error:
            self._scheduler.bad_messages += 1
            log.warning("refused a peer of another version: %s", error)
            self._scheduler.state.send(identity, Refused(f"versions differ: {error}"))
        except MessageError as error:
            self._scheduler.bad_messages += 1
            log.warning("skipped a bad message: %s", error)
            self._scheduler.bad_message(identity)
            self._doorkeeper.bad_message(identity)

    def _send(self) -> None:
        """Send what is to be sent, and what comes of finding that a peer is gone."""
        while self._scheduler.state.outbox:
            outbox, self._scheduler.state.outbox = self._scheduler.state.outbox, []
            message: Message | None = None
            dead: dict[bytes, None] = {}
            for identity, each in outbox:
                if each is not message:  # a heartbeat is one message for everybody
                    message, parts = each, wire.encode(each)
                if not self._socket.send(identity, parts):
                    dead[identity] = None
            for identity in dead:
                self._scheduler.peer_died(identity)
