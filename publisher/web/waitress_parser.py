"""How waitress reads a request, fenced in as ``waitress_server`` says."""

from __future__ import annotations

import copy
import re
from typing import Any

from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.utilities import BadRequest, RequestEntityTooLarge

MAX_DISCARDED_BYTES = 512 * 1024 * 1024
"""A body under this is read to its end and thrown away, for a browser that is still sending when
the connection is closed shows no answer. A larger one is cut off."""
MAX_BETWEEN_CHUNKS_BYTES = 16 * 1024
"""Of a chunk's size and what is said with it, and of what follows the last chunk."""
MAX_BLANKS = 100
"""That many in a row nobody sends who means well."""
_REQUEST_LINE = re.compile(rb"[^ ]+ [^ ]+(?: HTTP/[0-9]\.[0-9])?")
_BLANKS = re.compile(rb"[ \t\r\n]{%d}" % (MAX_BLANKS + 1))


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Refuses what takes long to understand, and leaves too large a body to the application.

    waitress' own expressions for a request's line and fields take the square of their length and
    more, in which no other thread of the process runs: 58 s for 16 kB.
    """

    adj: Any
    error: Any
    path = ""
    """What waitress logs of a request whose sender has gone, also where its head was refused."""

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head, and learn how large the body is.

        Raises:
            ParsingError: It is none.
        """
        line = header_plus.partition(b"\r\n")[0].rstrip()
        if not _REQUEST_LINE.fullmatch(line) or _BLANKS.search(header_plus):
            raise ParsingError("This is not how a request begins")
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # half an address, a number of thousands of digits
            raise ParsingError("An address or a number in this request is none") from error
        too_large = self.adj.max_request_body_size <= self.content_length < MAX_DISCARDED_BYTES
        if too_large and not self.expect_continue:
            self.body_rcv = FixedStreamReceiver(self.content_length, _Nowhere(0))
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = MAX_DISCARDED_BYTES

    def received(self, data: bytes) -> int:
        """Take in bytes and return how many of them were of this request."""
        consumed: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            size = max(self.content_length, self.body_bytes_received)
            self.headers |= {"CONTENT_LENGTH": str(size), "CONNECTION": "close"}
            self.expect_continue = False  # or waitress asks for the body all the same
            self.error = None
        elif isinstance(self.body_rcv, ChunkedReceiver):
            kept = len(self.body_rcv.control_line) + len(self.body_rcv.trailer)
            if kept > MAX_BETWEEN_CHUNKS_BYTES:
                self.error = BadRequest("There is too much between the chunks of the body")
                self.completed = True
        return consumed


class _Nowhere(OverflowableBuffer):  # type: ignore[misc]  # waitress has no types
    """A buffer that keeps nothing."""

    def append(self, data: bytes) -> None:
        """Take bytes."""
