"""How large a request's body may be, held before any of it is kept.

waitress has one limit for all addresses. Uploads may be large; nothing else that is sent here has
a body worth keeping.
"""

from __future__ import annotations

import copy
import io
import json
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import RequestEntityTooLarge

from publisher.uploads.image import ANALYZE_PATH, MAX_UPLOAD_BYTES

MAX_BODY_BYTES = 64 * 1024
"""Of everything but uploads."""
MAX_DISCARDED_BYTES = 512 * 1024 * 1024
"""A body up to this is read to its end and thrown away: a browser that is still sending when the
connection is closed shows no answer. A larger one is cut off."""


class BodyTooLarge(RequestEntityTooLarge):  # type: ignore[misc]  # waitress has no types
    """The answer, in the form in which the API gives its errors."""

    def to_response(self, _: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Give status, headers and body, as waitress asks for them."""
        headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        body = json.dumps({"error": self.body}) + "\n"
        return f"{self.code} {self.reason}", headers, body.encode()


class LimitedParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Reads requests; refuses a body that is too large for its address when it is announced."""

    adj: Any
    error: Any
    expect_continue: bool
    _limit = MAX_BODY_BYTES
    _discards = False

    def parse_header(self, header_plus: bytes) -> None:
        """Learn the address, and with it the limit."""
        super().parse_header(header_plus)
        if self.path == ANALYZE_PATH:
            self._limit = MAX_UPLOAD_BYTES
        announced = self.content_length
        # Who asks before sending is told at once.
        self._discards = self._limit <= announced < MAX_DISCARDED_BYTES and not self.expect_continue
        if self._discards:
            self.body_rcv = FixedStreamReceiver(announced, _Nowhere())
        self.adj = copy.copy(self.adj)
        self.adj.max_request_body_size = MAX_DISCARDED_BYTES if self._discards else self._limit

    def received(self, data: bytes) -> int:
        """Take in bytes; give how many of them were of this request."""
        consumed: int = super().received(data)
        too_large = self._discards or isinstance(self.error, RequestEntityTooLarge)
        if self.completed and too_large:
            self.error = BodyTooLarge(
                f"The body is too large: less than {self._limit} bytes are taken here."
            )
            self.expect_continue = False  # or waitress asks for the body all the same
        return consumed


class LimitedChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection whose requests are read so."""

    parser_class = LimitedParser


class _Nowhere:
    """A buffer that keeps nothing."""

    def append(self, data: bytes) -> None:
        """Take bytes."""

    def __len__(self) -> int:
        return 0

    def getfile(self) -> io.BytesIO:
        """Give what was kept."""
        return io.BytesIO()

    def close(self) -> None:
        """Nothing is open."""
