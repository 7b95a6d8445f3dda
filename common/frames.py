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

_FRAME_HEADERS = (0xC0, 0xC1)
"""Of sequential JPEGs. A progressive one may have thousands of scans of a few bytes, each of which
goes over the whole picture: 256 kB took a detector 4 s."""


def frame_pixels(frame: Frame, rings: RingReader) -> Bgr:
    """Return the frame's pixels, ``(height, width, 3) uint8`` BGR, read-only.

    Raises:
        SourceError: The ring is gone, or the JPEG is not a sequential one of the announced size,
            or has more than ``MAX_PIXELS`` pixels.
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
            f"of {frame.width}x{frame.height}, or one of more than {MAX_PIXELS} pixels"
        )
    return np.asarray(decoded, dtype=np.uint8)


def _jpeg_shape(jpeg: bytes) -> tuple[int, int] | None:
    """Return height and width by the frame header (ITU-T T.81, B.2.2), None where there is none."""
    at = 2
    while jpeg[:2] == b"\xff\xd8" and at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        marker, length, _, height, width = struct.unpack_from(">BHBHH", jpeg, at + 1)
        if marker in _FRAME_HEADERS:
            return height, width
        at += 2 + length
    return None
