"""How much memory answers hold until their clients have taken them."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import BinaryIO


class Untaken:
    """Counts answers from when they are made until they are sent or their client is gone.

    Args:
        most_bytes: How much they may be together.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._changed = threading.Condition()

    def as_file(self, answer: bytes, timeout_s: float) -> BinaryIO | None:
        """Return an answer as a file, which counts until it is closed and is no copy.

        Args:
            answer: What is to be sent.
            timeout_s: How long to wait for room; None is returned where there is none.
        """

        def has_room() -> bool:
            return self._bytes + len(answer) <= self._most_bytes

        with self._changed:
            if not self._changed.wait_for(has_room, timeout_s):
                return None
            self._bytes += len(answer)
        return _Counted(answer, lambda: self._give_back(len(answer)))

    def _give_back(self, count: int) -> None:
        with self._changed:
            self._bytes -= count
            self._changed.notify_all()


class _Counted(io.BytesIO):
    def __init__(self, answer: bytes, at_the_end: Callable[[], None]) -> None:
        super().__init__(answer)
        self._at_the_end = at_the_end

    def close(self) -> None:
        """Let go of the answer."""
        if not self.closed:
            super().close()
            self._at_the_end()
