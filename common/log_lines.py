"""Lines of the log: one for each event, whatever others have put into it, and not too many."""

from __future__ import annotations

import logging
import time
from collections import Counter

from common.printable import printable

LINES_A_SECOND = 20
"""Of one kind; more are counted. Strangers decide how many lines there are about them."""


class LineFormatter(logging.Formatter):
    """Escapes what an event says of others, and indents a traceback, so that no line is forged."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line of an event."""
        record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        """Return a traceback, in lines that do not begin as those of events do."""
        lines = super().formatException(ei).split("\n")  # type: ignore[arg-type]
        return "\n".join(f"  {printable(line)}" for line in lines)


class FloodFilter(logging.Filter):
    """Lets so many lines of one kind pass in a second; says afterwards how many did not."""

    def __init__(self) -> None:
        super().__init__()
        self._second = 0
        self._lines: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is to be written."""
        kind = str(record.msg)  # the text before the arguments are put in
        second = int(time.monotonic())
        if second != self._second:
            self._second = second
            self._lines.clear()
        self._lines[kind] += 1
        if self._lines[kind] > LINES_A_SECOND:
            self._left_out[kind] += 1
            return False
        left_out = self._left_out.pop(kind, 0)
        if left_out:
            record.msg = f"{printable(record.getMessage())} (and {left_out} more like it before)"
            record.args = ()
        return True
