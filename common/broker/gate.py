"""The gate on tcp: only keys come in, and each does only what it is good for.

A peer's identity begins with the key of its connection, so every message is held against the list
as it is now: who has a revoked key is heard no more.
"""

from __future__ import annotations

import logging

from common.broker.admission import MAX_CAMERAS, MAX_PEERS
from common.broker.scheduler import Scheduler
from common.connections import Connections
from common.contract import Role
from common.entrance import Entrance, Question, key_of
from common.handshakes import Failure
from common.keys.watched import WatchedList
from common.messages import Bye, CameraHello, Message, PublisherHello, Refused, WorkerHello

LOOK_NS = 1_000_000_000
"""How often it is seen whether the list has changed."""
MINUTE_NS = 60_000_000_000
LINES_A_MINUTE = 20
"""What more is refused in a minute is only counted: strangers decide how much that is."""
QUESTIONS_A_TICK = 100
NO_KEY = "a connection that showed no key: BROKER_KEYS is not set there, or it is no peer"
STRANGERS = {
    Failure.ONE_IN_THE_CLEAR: NO_KEY,
    Failure.HUNG_UP: NO_KEY,  # which of the two it is depends on who notices first
    Failure.OTHER_BROKER: "a peer whose key file is of another folder than this broker's",
}

log = logging.getLogger(__name__)


class Gate:
    """Answers whose keys are good, and turns away who wants to do what its key is not good for.

    Args:
        entrance: That of the broker's socket.
        connections: Those of the broker's socket, which tell of some that have not come about.
        scheduler: The logic behind the gate.
        allowed: The list of who may join.
    """

    def __init__(
        self,
        entrance: Entrance,
        connections: Connections,
        scheduler: Scheduler,
        allowed: WatchedList,
    ) -> None:
        self._entrance = entrance
        self._connections = connections
        self._scheduler = scheduler
        self._allowed = allowed
        self._next_look_ns = 0
        self._next_minute_ns = 0
        self._told: set[str] = set()
        self._untold = 0

    def admits(self, identity: bytes, message: Message) -> bool:
        """Return whether a message may pass; tell who may not join why."""
        public = key_of(identity)
        match message:
            case WorkerHello():
                role, camera = message.role, ""
            case PublisherHello():
                role, camera = Role.PUBLISHER, ""
            case CameraHello():
                role, camera = Role.CAPTURE, message.camera
            case _:
                return self._allowed.is_good(public)
        refusal = self._allowed.refusal_as(public, role, camera)
        refusal = refusal or self._crowd_refusal(public, role, message.instance)
        if refusal is not None:
            self._log_refusal(f"{message.name}: {refusal}")
            self._refuse(identity, refusal)
        return refusal is None

    def tick(self, now_ns: int) -> None:
        """Answer who wants in, and now and then see whether the list has changed."""
        for _ in range(QUESTIONS_A_TICK):
            question = self._entrance.next_question()
            if question is None:
                break
            self._answer(question, now_ns)
        for failure in self._connections.take_failures().elements():
            if failure in STRANGERS:
                self._log_refusal(STRANGERS[failure])
        if now_ns >= self._next_look_ns:
            self._look_at_list(now_ns)
        if now_ns >= self._next_minute_ns:
            self._next_minute_ns = now_ns + MINUTE_NS
            self._begin_minute()

    def _answer(self, question: Question, now_ns: int) -> None:
        """Answer whether a key is good; one that was not may have been added just now."""
        if not self._allowed.is_good(question.public):
            self._look_at_list(now_ns)
        refusal = self._allowed.refusal(question.public)
        self._entrance.answer(question, good=refusal is None)
        if refusal is None:
            log.info("%s connects from %s", self._allowed.name(question.public), question.address)
        else:
            self._log_refusal(f"a connection from {question.address}: {refusal}")

    def _look_at_list(self, now_ns: int) -> None:
        """See whether the list has changed, and dismiss whoever is no more on it."""
        self._next_look_ns = now_ns + LOOK_NS
        if not self._allowed.refresh():
            return
        log.info("the list of keys has changed")
        for peer in self._scheduler.state.peers.all():
            refusal = self._allowed.refusal_as(key_of(peer.identity), peer.role, peer.camera)
            if refusal is not None:
                log.warning("dismissed %s: %s", peer.name, refusal)
                self._scheduler.handle(peer.identity, Bye(), now_ns)
                self._refuse(peer.identity, refusal)

    def _crowd_refusal(self, public: str, role: Role, instance: str) -> str | None:
        """Return why a key can be no more peers of a role: places are left for those of others."""
        peers = self._scheduler.state.peers.of_role(role)
        others = [key_of(peer.identity) for peer in peers if peer.instance != instance]
        held = others.count(public)
        if held < MAX_PEERS.get(role, MAX_CAMERAS) // 2:
            return None
        return f"{self._allowed.name(public)} is {held} {role}s already, as many as one key may be"

    def _refuse(self, identity: bytes, refusal: str) -> None:
        advice = "`python -m common.keys add` on the broker's machine makes one that is good"
        self._scheduler.state.send(identity, Refused(f"BROKER_KEYS: {refusal}; {advice}"))

    def _log_refusal(self, what: str) -> None:
        """Write what is refused into the log, once a minute where it comes again and again."""
        if what in self._told or len(self._told) == LINES_A_MINUTE:
            self._untold += 1
            return
        self._told.add(what)
        log.warning("refused %s", what)

    def _begin_minute(self) -> None:
        if self._untold:
            log.warning("refused such peers %d times more within a minute", self._untold)
        self._told.clear()
        self._untold = 0
