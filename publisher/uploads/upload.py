"""What is uploaded, how much of it is taken, and what travels on.

Apart from what is done to its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_UPLOAD_BYTES = 32 * 1024 * 1024
"""The most that the images of one request may have together."""
MAX_IMAGES = 8


@dataclass(frozen=True, slots=True)
class Upload:
    """One image that was sent, and what it is called."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class TravellingImage:
    """A picture as it travels to a detector: a plain one (PPM), or a JPEG."""

    height: int
    width: int
    picture: bytes
