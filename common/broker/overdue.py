"""Peers that live, have something in hand, and do not answer."""

from __future__ import annotations

from common.broker.peers import Peer

LIMIT_NS = 20_000_000_000
"""Twice as long as a supervisor lets a step take: this is for answers that got lost."""


class Overdue:
    """Knows since when each peer has said nothing of what it has in hand."""

    def __init__(self) -> None:
        self._since_ns: dict[bytes, tuple[tuple[int, int | None], int]] = {}

    def look(self, peers: list[Peer], now_ns: int) -> list[Peer]:
        """Return those that have had the same in hand, and answered nothing, for too long."""
        before, self._since_ns = self._since_ns, {}
        for peer in peers:
            if peer.work_id is not None or any(peer.has.values()):
                mark = (peer.answered, peer.work_id)
                known, since_ns = before.get(peer.identity, (mark, now_ns))
                self._since_ns[peer.identity] = (mark, since_ns if mark == known else now_ns)
        late = {i for i, (_, since_ns) in self._since_ns.items() if now_ns - since_ns > LIMIT_NS}
        return [peer for peer in peers if peer.identity in late]
