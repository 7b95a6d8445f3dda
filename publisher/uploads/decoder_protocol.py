"""What the publisher and its decoder say to each other, over one socket.

The decoder says ``READY`` once. Then a request is whether pixels may travel as they are, a size
and the bytes of an upload, and its answer a verdict, height and width in pixels (0 where they are
not known), a size, and as many bytes of a PPM or JPEG.
"""

from __future__ import annotations

import struct
from enum import IntEnum

MAX_SIDE_PX = 65_500
"""The longest side of a JPEG, in which the picture travels on."""
MOST_BYTES = 64_000_000
"""Of a picture as it travels: 21 million pixels as they are, of grey 64 million."""
MEMORY_BYTES = 10**9
"""Of a decoder's address space. A picture of as many pixels as are let in takes 0.36 GB as a JPEG,
0.73 GB as a progressive one; a WebP takes 16 bytes a pixel and 20 with transparency, so 53 million
and 40 million pixels are the most of those."""

READY = b"+"
REQUEST = struct.Struct("!?I")
ANSWER = struct.Struct("!BIII")


class Verdict(IntEnum):
    """What came of an upload."""

    DECODED = 0
    DAMAGED = 1
    TOO_MANY_PIXELS = 2
    TOO_LONG = 3
    """A side is longer than a JPEG's may be."""
    TOO_MUCH_MEMORY = 4
