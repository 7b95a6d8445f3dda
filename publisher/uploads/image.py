"""What is uploaded: how much may be, and from its bytes to pixels.

OpenCV finds a picture's size from its header and refuses it before it takes memory for the pixels
(``common/opencv.py``). EXIF orientation is applied. Of an animation the first picture counts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from common.opencv import MAX_PIXELS, cv2, has_too_many_pixels
from common.pixels import Bgr
from publisher.drawing.annotate import encode_jpeg
from publisher.uploads.errors import BadImageError, ImageTooLargeError
from publisher.uploads.upload import TravellingImage, Upload

MAX_SIDE_PX = 65_500
"""The longest side of a JPEG, in which the picture travels on."""
TRAVEL_QUALITY = 90
"""A JPEG of at most 0.9 bytes a pixel, even of noise: any picture that is let in fits a message."""

SIGNATURES: Mapping[str, tuple[int, bytes]] = {
    "JPEG": (0, b"\xff\xd8\xff"),
    "PNG": (0, b"\x89PNG\r\n\x1a\n"),
    "GIF": (0, b"GIF8"),
    "WebP": (8, b"WEBP"),
}
"""Where in a file of each format which bytes are. Browsers show all of them; OpenCV's decoders of
rarer formats are not put before the public, and the one of AVIF does not apply orientation."""


def for_travel(upload: Upload) -> TravellingImage:
    """Make an upload ready for the pipeline.

    Raises:
        BadImageError: As ``pixels_of``.
        ImageTooLargeError: As ``pixels_of``, or a side is too long for a JPEG.
    """
    bgr = pixels_of(upload)
    height, width = bgr.shape[:2]
    if max(height, width) > MAX_SIDE_PX:
        raise ImageTooLargeError(
            f"{upload.name} is {width}x{height} pixels; at most {MAX_SIDE_PX} a side are taken"
        )
    return TravellingImage(height, width, encode_jpeg(bgr, TRAVEL_QUALITY))


def pixels_of(upload: Upload) -> Bgr:
    """Return the pixels of an upload.

    Raises:
        BadImageError: It is not an image of a format that is taken, or is damaged.
        ImageTooLargeError: It has too many pixels; none of them was decoded.
    """
    data = upload.data
    if not any(data[at : at + len(sign)] == sign for at, sign in SIGNATURES.values()):
        raise BadImageError(f"{upload.name} is not an image: send a {' or '.join(SIGNATURES)}")
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        if has_too_many_pixels(error):
            raise ImageTooLargeError(
                f"{upload.name} has more than {MAX_PIXELS // 10**6} million pixels; make it smaller"
            ) from error
        raise BadImageError(f"{upload.name} cannot be decoded ({error.err})") from error
    if decoded is None:
        raise BadImageError(f"{upload.name} is damaged: it cannot be decoded")
    return np.asarray(decoded, dtype=np.uint8)
