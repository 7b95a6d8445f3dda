"""Images to decoders, and pictures of which can be seen how they are turned."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from publisher.uploads.decoders import Decoders
from publisher.uploads.upload import TravellingImage, Upload
from tests.support.waiting import DEADLINE_S


def send(decoders: Decoders, data: bytes, patience_s: float = DEADLINE_S) -> TravellingImage:
    upload = Upload("group.jpg", data)
    return decoders.for_travel(
        upload, "somebody", time.monotonic() + patience_s, lambda image: image
    )


def corner(height: int = 40, width: int = 60, channels: int = 3) -> NDArray[np.uint8]:
    """A dark picture whose upper left quarter is light."""
    pixels = np.full((height, width, channels), 20, np.uint8)
    pixels[: height // 2, : width // 2] = 220
    return pixels
