"""What became of every captured frame."""

from __future__ import annotations

from collections import Counter

from common.messages import FATE_FAILED, FATE_PUBLISHED


class Ledger:
    """Counts frames; each is captured once and has at most one fate.

    Attributes:
        captured: Frames read and numbered.
        published: Frames shown or written by every publisher.
        failed: Frames that no worker could do.
        dropped: Frames given up, by cause.
    """

    def __init__(self) -> None:
        self.captured = 0
        self.published = 0
        self.failed = 0
        self.dropped: Counter[str] = Counter()

    @property
    def settled(self) -> int:
        """Frames whose fate is known; the others are in hand."""
        return self.published + self.failed + self.dropped.total()

    def settle(self, fate: str, cause: str) -> None:
        """Count the fate of one frame."""
        if fate == FATE_PUBLISHED:
            self.published += 1
        elif fate == FATE_FAILED:
            self.failed += 1
        else:
            self.dropped[cause or fate] += 1

    def resume(self, published: int) -> None:
        """Go on where a process before this one was stopped."""
        self.captured += published
        self.published += published
