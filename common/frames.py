"""From a ``Frame`` message to its pixels."""

from __future__ import annotations

import struct

import cv2
import numpy as np

from common.errors import SourceError
from common.messages import Frame
from common.ring import Bgr, RingReader

_JPEG_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def frame_pixels(frame: Frame, rings: RingReader) -> Bgr:
    """Give the frame's pixels, ``(height, width, 3) uint8`` BGR, read-only.

    Raises:
        SourceError: The ring is gone or the JPEG is not one of the announced size.
    """
    if not frame.jpeg:
        return rings.read(frame.ring, frame.slot, frame.height, frame.width)
    shape = (frame.height, frame.width)
    decoded = None
    if _jpeg_shape(frame.jpeg) == shape:  # before anything is allocated for it
        decoded = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), _JPEG_FLAGS)
    if decoded is None or decoded.shape != (*shape, 3):
        raise SourceError(
            f"frame {frame.frame_id} of {frame.camera} carries no JPEG of "
            f"{frame.width}x{frame.height}"
        )
    return np.asarray(decoded, dtype=np.uint8)


def _jpeg_shape(jpeg: bytes) -> tuple[int, int] | None:
    """Give height and width as the JPEG's frame header (ITU-T T.81, B.2.2) says, if it has one."""
    at = 2
    while jpeg[:2] == b"\xff\xd8" and at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        marker, length, _, height, width = struct.unpack_from(">BHBHH", jpeg, at + 1)
        if marker in _FRAME_HEADERS:
            return height, width
        at += 2 + length
    return None
