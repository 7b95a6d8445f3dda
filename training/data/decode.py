"""Turns the bytes of an image file into one 48x48 grey face, without trusting its size."""

from __future__ import annotations

import numpy as np

from common.errors import ConfigError
from common.face_model import FACE_SIZE_PX, Crops
from common.opencv import MAX_PIXELS, cv2, has_too_many_pixels

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
MAX_IMAGE_BYTES = 16 * 2**20
"""A face image of more than this is a mistake; it is not even read."""

_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8")
"""How PNG and JPEG files begin; OpenCV would try decoders of other formats, too."""


def decode_face(data: bytes, origin: str) -> Crops:
    """Decode a PNG or JPEG to ``(48, 48) uint8`` grey.

    Args:
        data: The file's bytes.
        origin: What to call it in an error.

    Raises:
        ConfigError: It is not a PNG or JPEG, is too large, or cannot be decoded.
    """
    if not data.startswith(_BEGINNINGS):
        raise ConfigError(f"{origin} is neither PNG nor JPEG, whatever its name says")
    try:
        gray = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        if has_too_many_pixels(error):  # a few kB can claim gigabytes
            raise ConfigError(
                f"{origin} has more than {MAX_PIXELS // 10**6} million pixels; remove the file"
            ) from error
        gray = None
    if gray is None:
        raise ConfigError(f"{origin} is damaged and cannot be decoded; remove or replace the file")
    if gray.shape != (FACE_SIZE_PX, FACE_SIZE_PX):
        gray = cv2.resize(gray, (FACE_SIZE_PX, FACE_SIZE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(gray, dtype=np.uint8)
