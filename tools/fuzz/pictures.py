"""The target ``pictures``: what the decoder of uploads makes of any bytes.

It runs here without the limits that the kernel keeps for it, so what would need them is seen. Half
of all changes damage the picture's own numbers, and mend the checksums of a PNG behind them.
"""

from __future__ import annotations

import io
import random
import signal
import struct
import warnings
import zlib

from PIL import Image

from common.picture_size import MAX_PIXELS
from publisher.uploads.decoder import answer
from publisher.uploads.decoder_protocol import MAX_SIDE_PX, Verdict

SIZE_PX = (24, 16)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
EXTREMES = (b"\x00", b"\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff")

Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # as the decoder's process sets it
signal.signal(signal.SIGPROF, signal.SIG_IGN)  # the limit on processor time


class BrokenPictureError(AssertionError):
    """What is answered is not as it should be."""


def check(data: bytes) -> str:
    """Decode an input; return the verdict and the shape of the picture.

    Raises:
        Exception: The answer does not fit the picture.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdict, height, width, picture = answer(len(data) % 2 == 0, data)
    if (verdict is Verdict.DECODED) != bool(picture):
        raise BrokenPictureError(f"{verdict} with {len(picture)} bytes")
    if picture:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PPM")) as image:
            if image.size != (width, height) or not 0 < max(image.size) <= MAX_SIDE_PX:
                raise BrokenPictureError(f"{image.size} is said to be {width}x{height}")
    return f"{verdict.name} {height.bit_length()} {width.bit_length()}"


def changed(data: bytes, seed: int) -> bytes | None:
    """Return the picture with some of its bytes replaced, so that a PNG's checksums still fit."""
    choice = random.Random(seed)  # noqa: S311 - repeatable, and no secret
    picture = bytearray(data)
    for _ in range(choice.randint(1, 4)):
        piece = choice.choice(EXTREMES)
        at = choice.randrange(max(1, len(picture)))
        picture[at : at + len(piece)] = piece
    return with_checksums(bytes(picture))


def with_checksums(data: bytes) -> bytes:
    """Return a PNG with the checksums that its chunks should have; anything else as it is."""
    if not data.startswith(PNG_SIGNATURE):
        return data
    mended, at = bytearray(PNG_SIGNATURE), len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunk = data[at + 4 : at + 8 + length]
        mended += data[at : at + 4] + chunk + struct.pack(">I", zlib.crc32(chunk))
        at += 12 + length
    return bytes(mended)


def seeds() -> dict[str, bytes]:
    """Return a small picture of each kind, by name."""
    made: dict[str, bytes] = {}
    rgb = Image.linear_gradient("L").resize(SIZE_PX).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, image, options in (
        ("a.jpg", rgb, {"format": "JPEG", "exif": exif}),
        ("progressive.jpg", rgb, {"format": "JPEG", "progressive": True}),
        ("cmyk.jpg", rgb.convert("CMYK"), {"format": "JPEG"}),
        ("a.png", rgb, {"format": "PNG"}),
        ("palette.png", rgb.convert("P"), {"format": "PNG", "transparency": 3}),
        ("grey16.png", rgb.convert("I;16"), {"format": "PNG"}),
        ("animated.png", rgb, {"format": "PNG", "save_all": True, "append_images": [rgb]}),
        ("a.gif", rgb.convert("P"), {"format": "GIF"}),
        ("animated.gif", rgb, {"format": "GIF", "save_all": True, "append_images": [rgb]}),
        ("a.webp", rgb, {"format": "WEBP"}),
        ("lossless.webp", rgb.convert("RGBA"), {"format": "WEBP", "lossless": True}),
        ("animated.webp", rgb, {"format": "WEBP", "save_all": True, "append_images": [rgb]}),
    ):
        written = io.BytesIO()
        image.save(written, **options)
        made[name] = written.getvalue()
    return made
