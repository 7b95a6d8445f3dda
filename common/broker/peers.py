"""Who is connected, who lives, who is idle."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from common.contract import WORKER_ROLES, Role
from common.messages import About, PeerStatus, Restarts, Status

log = logging.getLogger(__name__)

SILENCE_LIMIT_NS = 3_000_000_000
"""A peer that says nothing for three heartbeat intervals is taken for dead."""

DOUBT_NS = 1_500_000_000
"""Whoever has missed a heartbeat gets no work until it is heard: when the first of several workers
that are cut off together is given up, none of them has been heard for 2 s."""

RETURN_NS = 10_000_000_000
"""A capture or publisher that died is waited for so long: its supervisor pauses up to 8 s."""


@dataclass(slots=True, eq=False)
class Peer:
    """One connected process.

    Attributes:
        camera: The name of its camera (capture).
        capacity: How many frames a run has (detector), or faces a batch (classifier).
        work_id: The work it has in hand, None where it has none.
        failures: How often in a row it could not do its work.
        answered: How often it has answered (worker) or acknowledged a frame (publisher).
        has: Frames it has and has not acknowledged, by camera (publisher).
        dismissed: Whether it was told to go, or to say hello again.
        sent: Last frame_id it was sent, by camera (publisher).
        recorded: Last frame_id it had on disk when it joined, by camera (publisher).
        restarts: How often its supervisor had to start it again, and why.
        about: What results depend on, as it says itself (worker).
        slots: Frames its ring holds (capture).
        waits: Whether it is of a recording that waits for others to join (capture).
        frame_bytes: Bytes of the pictures of its frames that it has not been told the end of, by
            frame_id; none where its pixels are in a ring (capture).
    """

    identity: bytes
    role: Role
    name: str
    instance: str
    heard_ns: int
    camera: str = ""
    capacity: int = 0
    work_id: int | None = None
    failures: int = 0
    answered: int = 0
    dismissed: bool = False
    has: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    recorded: dict[str, int] = field(default_factory=dict)
    restarts: Restarts = field(default_factory=Restarts)
    about: About = field(default_factory=dict)
    slots: int = 0
    waits: bool = False
    frame_bytes: dict[int, int] = field(default_factory=dict)
    status: Status = field(default_factory=lambda: Status(0, 0.0, 0))

    def summary(self) -> PeerStatus:
        """Return what others may know of it."""
        status = self.status
        return PeerStatus(
            self.role,
            self.name,
            status.done,
            status.busy_ms,
            status.bad_messages,
            self.restarts,
            self.about,
        )


class PeerTable:
    """All living peers, and the idle workers of each role, longest idle first."""

    def __init__(self) -> None:
        self._peers: dict[bytes, Peer] = {}
        self._by_role: dict[Role, dict[bytes, Peer]] = {role: {} for role in Role}
        self._idle: dict[Role, dict[bytes, Peer]] = {role: {} for role in WORKER_ROLES}

    def all(self) -> list[Peer]:
        """Return every living peer."""
        return list(self._peers.values())

    def get(self, identity: bytes) -> Peer | None:
        """Return the peer of that identity if it lives."""
        return self._peers.get(identity)

    def of_role(self, role: Role) -> list[Peer]:
        """Return the living peers of a role."""
        return list(self._by_role[role].values())

    def of_instance(self, instance: str) -> Peer | None:
        """Return the living peer that a supervisor has started in this place before."""
        return next((peer for peer in self._peers.values() if peer.instance == instance), None)

    def add_peer(self, peer: Peer) -> None:
        """Take in a peer."""
        log.info("%s %s joined", peer.role, peer.name)
        self._peers[peer.identity] = self._by_role[peer.role][peer.identity] = peer
        if peer.role in WORKER_ROLES:
            self.set_idle(peer)

    def remove_peer(self, peer: Peer) -> None:
        """Know a peer no more."""
        log.info("%s %s is gone", peer.role, peer.name)
        del self._peers[peer.identity], self._by_role[peer.role][peer.identity]
        if peer.role in WORKER_ROLES:
            self._idle[peer.role].pop(peer.identity, None)

    def set_idle(self, peer: Peer) -> None:
        """Note that a worker has no work in hand."""
        peer.work_id = None
        self._idle[peer.role][peer.identity] = peer

    def idle(self, role: Role, now_ns: int) -> list[Peer]:
        """Return the workers to give work to, who has been idle longest first."""
        heard_since_ns = now_ns - DOUBT_NS
        return [peer for peer in self._idle[role].values() if peer.heard_ns >= heard_since_ns]

    def set_busy(self, peer: Peer, work_id: int) -> None:
        """Note that a worker has been given work."""
        self._idle[peer.role].pop(peer.identity)
        peer.work_id = work_id

    def silent(self, now_ns: int) -> list[Peer]:
        """Return the peers that have not been heard for too long."""
        return [p for p in self._peers.values() if now_ns - p.heard_ns > SILENCE_LIMIT_NS]
