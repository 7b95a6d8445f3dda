"""What became of every frame of a camera."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from common.contract import Cause, Fate


@dataclass(slots=True)
class Ledger:
    """Counts frames: ``captured = published + failed + dropped + in flight``.

    Capture and broker keep one each; the capture's goes to a broker that was restarted.

    Attributes:
        captured: Frames read and numbered.
        published: Frames shown or written by every publisher.
        failed: Frames that no worker could do.
        dropped: Frames given up, by cause.
    """

    captured: int = 0
    published: int = 0
    failed: int = 0
    dropped: Counter[Cause] = field(default_factory=Counter)

    def count_end(self, fate: Fate, cause: Cause | None) -> None:
        """Count what became of one frame.

        Raises:
            ValueError: It was dropped without a cause.
        """
        if fate is Fate.PUBLISHED:
            self.published += 1
        elif fate is Fate.FAILED:
            self.failed += 1
        elif cause is not None:
            self.dropped[cause] += 1
        else:
            raise ValueError("expected the cause for which a frame was dropped, got none")

    @property
    def in_flight(self) -> int:
        """Frames captured whose end is not counted yet."""
        return self.captured - self.published - self.failed - self.dropped.total()
