"""A decoder that an upload has taken over: it answers with the very bytes that it gets."""

from __future__ import annotations

import sys

from publisher.uploads.decoder_protocol import READY, REQUEST

if __name__ == "__main__":
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    while head := sys.stdin.buffer.read(REQUEST.size):
        _, size = REQUEST.unpack(head)
        sys.stdout.buffer.write(sys.stdin.buffer.read(size))
        sys.stdout.buffer.flush()
