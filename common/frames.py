"""From a ``Frame`` message to its pixels."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from common.errors import SourceError
from common.messages import Frame
from common.opencv import MAX_PIXELS, cv2
from common.pixels import Bgr, Gray
from common.ring import RingReader

_SEQUENTIAL = (0xC0, 0xC1)
_SCAN = 0xDA
_TABLES_AND_NOTES = frozenset({0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
"""What may come before the scan, by ITU-T T.81, B.1.1.3: tables, comments and application data."""


def frame_pixels(frame: Frame, rings: RingReader) -> Bgr:
    """Return the frame's pixels, ``(height, width, 3) uint8`` BGR, read-only.

    Raises:
        SourceError: The ring is gone, or the JPEG is not one of a single scan and the announced
            size, or has more than ``MAX_PIXELS`` pixels.
    """
    if not frame.jpeg:
        return rings.read(frame.ring, frame.slot, frame.height, frame.width)
    return _decode(frame, cv2.IMREAD_COLOR)


def frame_gray(frame: Frame, rings: RingReader) -> Gray:
    """Return the frame in grey, ``(height, width) uint8``; from a JPEG in half the time of colour.

    Raises:
        SourceError: As ``frame_pixels``.
    """
    if not frame.jpeg:
        gray = cv2.cvtColor(frame_pixels(frame, rings), cv2.COLOR_BGR2GRAY)
        return gray.astype(np.uint8, copy=False)
    return _decode(frame, cv2.IMREAD_GRAYSCALE)


def _decode(frame: Frame, flags: int) -> NDArray[np.uint8]:
    shape = (frame.height, frame.width)
    decoded, fits = None, frame.height * frame.width <= MAX_PIXELS
    if fits and _jpeg_shape(frame.jpeg) == shape:  # before anything is allocated for it
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
        decoded = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), flags)
    if decoded is None or decoded.shape[:2] != shape:
        raise SourceError(
            f"frame {frame.frame_id} of {frame.camera} carries no sequential JPEG "
            f"in one scan of {frame.width}x{frame.height}, or one of more than {MAX_PIXELS} pixels"
        )
    return np.asarray(decoded, dtype=np.uint8)


def _jpeg_shape(jpeg: bytes) -> tuple[int, int] | None:
    """Return height and width of a sequential JPEG of one scan (ITU-T T.81, B.2), else None.

    Of several there may be thousands of a few bytes, each of which goes over the whole picture:
    progressive ones of 256 kB took a detector 4 s. Before the scan only segments of a known length
    are let in, so that the decoder cannot come to find another scan than is found here.
    """
    at, shape, components = 2, None, 0
    while jpeg[:2] == b"\xff\xd8" and at + 10 <= len(jpeg) and jpeg[at] == 0xFF:
        marker, length, first, height, width, last = struct.unpack_from(">BHBHHB", jpeg, at + 1)
        if marker == _SCAN:
            return shape if first == components else None
        if marker in _SEQUENTIAL and shape is None:
            shape, components = (height, width), last
        elif marker not in _TABLES_AND_NOTES:
            return None
        at += 2 + length
    return None
