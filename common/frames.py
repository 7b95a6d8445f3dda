"""From a ``Frame`` message to its pixels."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from common.errors import SourceError
from common.messages import Frame
from common.opencv import MAX_PIXELS, cv2
from common.picture_size import plain_head
from common.pixels import Bgr, Gray, Pixels
from common.ring import RingReader

_SEQUENTIAL = (0xC0, 0xC1)
_SCAN = 0xDA
_TABLES_AND_NOTES = frozenset({0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
"""What may come before the scan, by ITU-T T.81, B.1.1.3: tables, comments and application data."""


def frame_pixels(frame: Frame, rings: RingReader) -> Bgr:
    """Return the frame's pixels, ``(height, width, 3) uint8`` BGR, read-only.

    Raises:
        SourceError: The ring is gone, or what the frame carries is neither a plain picture of the
            announced size nor a JPEG of it in a single scan, of ``MAX_PIXELS`` pixels at most.
    """
    if not frame.picture:
        return rings.read(frame.ring, frame.slot, frame.height, frame.width)
    return _inline(frame, picture_pixels)


def frame_gray(frame: Frame, rings: RingReader) -> Gray:
    """Return the frame in grey, ``(height, width) uint8``; from a JPEG in half the time of colour.

    Raises:
        SourceError: As ``frame_pixels``.
    """
    if not frame.picture:
        return _gray(frame_pixels(frame, rings))
    return _inline(frame, _picture_gray)


def picture_pixels(picture: bytes, height: int, width: int) -> Bgr:
    """Return the pixels of a plain picture or a JPEG, ``(height, width, 3) uint8`` BGR.

    Raises:
        SourceError: It is neither, or of another size.
    """
    plain = _plain(picture, height, width)
    if plain is None:
        return _decode(picture, (height, width), cv2.IMREAD_COLOR)
    code = cv2.COLOR_GRAY2BGR if plain.ndim == 2 else cv2.COLOR_RGB2BGR
    return cv2.cvtColor(plain, code).astype(np.uint8, copy=False)


def _picture_gray(picture: bytes, height: int, width: int) -> Gray:
    plain = _plain(picture, height, width)
    if plain is None:
        return _decode(picture, (height, width), cv2.IMREAD_GRAYSCALE)
    return plain if plain.ndim == 2 else _gray(picture_pixels(picture, height, width))


def _gray(bgr: Bgr) -> Gray:
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def _inline(frame: Frame, pixels_of: Callable[[bytes, int, int], Pixels]) -> Pixels:
    try:
        return pixels_of(frame.picture, frame.height, frame.width)
    except SourceError as error:
        raise SourceError(f"frame {frame.frame_id} of {frame.camera} carries {error}") from error


def _plain(picture: bytes, height: int, width: int) -> Pixels | None:
    """Return the pixels of a plain picture, RGB or grey and read-only; None where it is none."""
    for is_grey, shape in ((True, (height, width)), (False, (height, width, 3))):
        head = plain_head(height, width, is_grey=is_grey)
        if picture.startswith(head) and len(picture) == len(head) + math.prod(shape):
            return np.frombuffer(picture, np.uint8, offset=len(head)).reshape(shape)
    return None


def _decode(jpeg: bytes, shape: tuple[int, int], flags: int) -> NDArray[np.uint8]:
    decoded, fits = None, math.prod(shape) <= MAX_PIXELS
    if fits and _jpeg_shape(jpeg) == shape:  # before anything is allocated for it
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
    if decoded is None or decoded.shape[:2] != shape:
        height, width = shape
        raise SourceError(
            f"no sequential JPEG in one scan of {width}x{height}, or one of more than "
            f"{MAX_PIXELS} pixels"
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
