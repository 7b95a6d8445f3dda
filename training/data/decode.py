"""Turns the bytes of an image file into one 48x48 grey face, without trusting its size."""

from __future__ import annotations

import struct

import cv2
import numpy as np

from common.errors import ConfigError
from common.face_model import FACE_SIZE_PX, Crops

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
MAX_IMAGE_BYTES = 16 * 2**20
"""A face image of more than this is a mistake; it is not even read."""
MAX_IMAGE_PX = 4096 * 4096
"""An image that claims more pixels is not decoded: a few kB can claim gigabytes."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_WITHOUT_SIZE = {0xC4, 0xC8, 0xCC}
"""Markers between C0 and CF that are no start of frame (ITU-T T.81, table B.1)."""


def decode_face(data: bytes, origin: str) -> Crops:
    """Decodes a PNG or JPEG to ``(48, 48) uint8`` grey.

    Args:
        data: the file's bytes.
        origin: what to call it in an error.

    Raises:
        ConfigError: if it is not a PNG or JPEG, is too large, or cannot be decoded.
    """
    width, height = _declared_size(data, origin)
    if width < 1 or height < 1 or width * height > MAX_IMAGE_PX:
        raise ConfigError(
            f"{origin} is {width}x{height} pixels, expected 1 to {MAX_IMAGE_PX}; remove the file"
        )
    gray = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    if gray is None:
        raise ConfigError(f"{origin} is damaged and cannot be decoded; remove or replace the file")
    if gray.shape != (FACE_SIZE_PX, FACE_SIZE_PX):
        gray = cv2.resize(gray, (FACE_SIZE_PX, FACE_SIZE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(gray, dtype=np.uint8)


def _declared_size(data: bytes, origin: str) -> tuple[int, int]:
    """Returns width and height as the file's header claims them."""
    try:
        if data.startswith(_PNG_SIGNATURE):
            width, height = struct.unpack_from(">II", data, 16)
            return int(width), int(height)
        if data.startswith(b"\xff\xd8"):
            return _jpeg_size(data)
    except (struct.error, IndexError) as err:
        raise ConfigError(f"{origin} ends within its header; remove or replace the file") from err
    raise ConfigError(f"{origin} is neither PNG nor JPEG, whatever its name says")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walks the segments of a JPEG to its start of frame (ITU-T T.81, B.1 and B.2.2)."""
    position = 2
    while True:
        if data[position] != 0xFF:
            raise IndexError("no marker where one must be")
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte before the marker
            position += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _JPEG_WITHOUT_SIZE:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return int(width), int(height)
        (length,) = struct.unpack_from(">H", data, position + 2)
        position += 2 + max(int(length), 2)
