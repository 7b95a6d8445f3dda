"""Who stays connected: few enough, soon known, and none that fills the memory.

The scheduler decides who takes part; here it is seen to that those who do not, or who send what no
peer of ours does, cost little. Who is hung up on connects again by itself if it is a peer of ours.
"""

from __future__ import annotations

import logging

from common.broker.peers import PeerTable
from common.connections import Connection, Connections
from common.memory import Memory

MAX_CONNECTIONS = 1024
"""More than there may be peers."""
SPARE_FILES = 7 * MAX_CONNECTIONS
"""For what connects before it is hung up on: libzmq ends the process that has no file for it."""
STRANGER_NS = 5_000_000_000
"""Who has not been taken in by then is hung up on; a peer says hello at once."""
MAX_STRANGE_MESSAGES = 200
"""A capture that finds a new broker may send all the frames it has in hand before it hears that."""
MAX_BAD_MESSAGES = 100
MAX_MEMORY_BYTES = 1024 * 1024 * 1024
"""Of the broker's process: above what the frames and images in hand may take, of which the
scheduler keeps count."""
LOOK_NS = 1_000_000_000
SHED_PAUSE_NS = 100_000_000
"""How long libzmq may take to give memory back after it has let go of a connection."""
LETTING_GO_NS = 1_000_000_000
"""How long it may take to do that; on a busy machine its thread has to wait for its turn."""
FULL_NS = 10_000_000_000
"""So long over the limit whoever is hung up on, and only a process that begins anew has room."""
CLEAR_BYTES = 64 * 1024
"""What a peer that fills the memory has waiting, and one that talks or is busy does not."""
MAX_DOUBTS = 10
"""Looks, one a tick, after which the heaviest has to go however little waits of it."""

log = logging.getLogger(__name__)


class Doorkeeper:
    """Hangs up on who is not to stay.

    Args:
        connections: Who is connected.
        peers: Who takes part.
        open_files: How many files this process may have open.
    """

    def __init__(self, connections: Connections, peers: PeerTable, open_files: int) -> None:
        self._connections = connections
        self._peers = peers
        self._most = min(MAX_CONNECTIONS, open_files // 2)
        self._memory = Memory()
        self._next_look_ns = 0
        self._next_shed_ns = 0
        self._let_go_by_ns = 0
        self._doubts = 0
        self._strangers_gone = False
        self._full_since_ns: int | None = None

    def tick(self, now_ns: int) -> None:
        """See who has come, and whether there is room for all.

        Raises:
            RuntimeError: There is none, and hanging up does not help.
        """
        self._connections.update()
        strangers = self._connections.strangers()
        if strangers:
            self._look_at(strangers, now_ns)
        if now_ns >= self._next_look_ns:
            self._next_look_ns = now_ns + LOOK_NS
            self._look_at_trusted(now_ns)
        if self._memory.used_bytes() > MAX_MEMORY_BYTES // 2:
            self._weigh()
            if self._is_letting_go(now_ns):
                self._next_shed_ns = now_ns + SHED_PAUSE_NS
            elif now_ns >= self._next_shed_ns:
                self._next_shed_ns = now_ns + SHED_PAUSE_NS
                self._shed(now_ns)
        else:
            self._full_since_ns = None

    def bad_message(self, identity: bytes) -> None:
        """Take note of a message that is none of ours; from few of them a peer can be told."""
        connection = self._connections.find(identity)
        if connection is not None:
            connection.bad_messages += 1
            if connection.bad_messages == MAX_BAD_MESSAGES:
                self._hang_up(connection, f"{MAX_BAD_MESSAGES} messages were none of ours")

    def _look_at(self, strangers: list[Connection], now_ns: int) -> None:
        """Trust those who have been taken in, hang up on those who will not be."""
        crowd = len(self._connections) - self._most
        for connection in strangers:  # the oldest first
            if connection.identity and self._peers.get(connection.identity) is not None:
                self._connections.trusted[connection.identity] = connection
            elif now_ns - connection.since_ns > STRANGER_NS:
                self._hang_up(connection, f"has not joined in {STRANGER_NS // 10**9} s")
            elif connection.messages > MAX_STRANGE_MESSAGES:
                self._hang_up(connection, f"{connection.messages} messages, and has not joined")
            elif crowd > 0:
                self._hang_up(connection, f"more than {self._most} connections")
            else:
                continue
            crowd -= 1

    def _look_at_trusted(self, now_ns: int) -> None:
        """Trust no longer those that have left or were given up."""
        for identity, connection in list(self._connections.trusted.items()):
            if self._peers.get(identity) is None:
                del self._connections.trusted[identity]
                connection.since_ns, connection.messages = now_ns, 0

    def _weigh(self) -> None:
        """See of whose connections the system holds much, either way."""
        for connection in self._connections.all():
            connection.weight = connection.weight * 0.9 + connection.waiting_bytes()

    def _shed(self, now_ns: int) -> None:
        """Hang up on who fills the memory, if it is full after all that is free is given back.

        Strangers go first, all at once: many of them can fill it with so little at a time that a
        peer at work has more waiting than any. Where that does not help the heaviest goes.
        """
        if self._memory.used_bytes() > MAX_MEMORY_BYTES:
            self._memory.give_back()
        used_bytes = self._memory.used_bytes()
        if used_bytes <= MAX_MEMORY_BYTES:
            self._strangers_gone, self._full_since_ns = False, None
            return
        if self._full_since_ns is None:
            self._full_since_ns = now_ns
        elif now_ns - self._full_since_ns > FULL_NS:
            raise RuntimeError(
                f"the broker takes {used_bytes >> 20} MiB of memory whoever it hangs up on, and is "
                "to begin anew"
            )
        strangers = self._connections.strangers()
        self._strangers_gone = bool(strangers) and not self._strangers_gone
        self._let_go_by_ns = now_ns + LETTING_GO_NS
        for connection in strangers if self._strangers_gone else self._heaviest():
            self._hang_up(connection, f"the broker takes {used_bytes >> 20} MiB of memory")

    def _is_letting_go(self, now_ns: int) -> bool:
        """Return whether somebody is as good as gone, and what that gives back is to be seen."""
        connections = self._connections.all() if now_ns < self._let_go_by_ns else []
        return any(each.is_hung_up for each in connections)

    def _heaviest(self) -> list[Connection]:
        """Return the connection of which most waits, none while that may be anybody's."""
        connections = self._connections.all()
        heaviest = sorted(connections, key=lambda each: each.weight)[-1:]
        self._doubts += 1
        if self._doubts <= MAX_DOUBTS and all(each.weight <= CLEAR_BYTES for each in heaviest):
            self._next_shed_ns = 0  # look again at once
            return []
        self._doubts = 0
        return heaviest

    def _hang_up(self, connection: Connection, reason: str) -> None:
        peer = self._peers.get(connection.identity)
        who = f"{peer.role} {peer.name}" if peer is not None else connection.address()
        log.warning("hung up on %s: %s", who, reason)
        connection.hang_up()
