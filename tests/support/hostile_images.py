"""Pictures made to hurt who decodes them; most are a few hundred bytes."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

from PIL import Image

from tests.support import media

SIDE = 16
UNKNOWN_FILTER = 9
MANY_PIXELS = 7900
"""Of a side: as many as are let in."""


def chunk(kind: bytes, data: bytes, claimed: int | None = None) -> bytes:
    """A chunk of a PNG, which may claim to be of another length than it is."""
    length = struct.pack(">I", len(data) if claimed is None else claimed)
    return length + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes, side: int = SIDE) -> bytes:
    """A PNG in colour with transparency, of a header and chunks."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks)


def rows(row_filter: int, side: int = SIDE) -> bytes:
    """The compressed pixels of a PNG, each row with a filter, which may be none there is."""
    return zlib.compress((bytes([row_filter]) + bytes(4 * side)) * side)


def animated_png_with_an_unknown_filter() -> bytes:
    """An animation whose second picture cannot be decoded; OpenCV 4.14 dies of it by SIGSEGV."""
    shown = struct.pack(">IIIIHHBB", SIDE, SIDE, 0, 0, 1, 10, 0, 0)
    return png(
        chunk(b"acTL", struct.pack(">II", 2, 0)),
        chunk(b"IDAT", rows(0)),
        chunk(b"fcTL", struct.pack(">I", 0) + shown),
        chunk(b"fdAT", struct.pack(">I", 1) + rows(UNKNOWN_FILTER)),
        chunk(b"fcTL", struct.pack(">I", 2) + shown),
        chunk(b"fdAT", struct.pack(">I", 3) + rows(0)),
        chunk(b"IEND", b""),
    )


def png_that_claims_four_gigabytes() -> bytes:
    """61 bytes, of which the last claim that 4 GiB of pixels follow; OpenCV 4.14 takes as much."""
    return png(chunk(b"acTL", struct.pack(">II", 2, 0)), struct.pack(">I", 0xFFFFFFF0) + b"IDAT")


def jpeg_of_many_scans(side: int = 2000, scans: int = 5000) -> bytes:
    """A progressive JPEG whose last scan, a few bytes, comes again and again."""
    picture = io.BytesIO()
    Image.new("L", (side, side)).save(picture, "JPEG", progressive=True)
    jpeg = picture.getvalue()
    last = jpeg[jpeg.rindex(b"\xff\xc4") : -2]  # its table and its data
    return jpeg[:-2] + last * scans + jpeg[-2:]


def sequential_jpeg_of_many_scans(side: int = 2000, scans: int = 5000) -> bytes:
    """A sequential JPEG whose first colour has a scan of one byte, again and again."""
    picture = io.BytesIO()
    Image.new("RGB", (side, side)).save(picture, "JPEG", subsampling=0)
    jpeg = picture.getvalue()
    start = jpeg.rindex(b"\xff\xda")
    of_first = b"\xff\xda\x00\x08\x01" + jpeg[start + 5 : start + 6] + b"\x00\x00\x3f\x00"
    return jpeg[:start] + (of_first + b"\x00") * scans + b"\xff\xd9"


def png_of_many_chunks(chunks: int = 2_000_000) -> bytes:
    """24 MB of empty chunks."""
    return png(chunk(b"teXt", b"") * chunks, chunk(b"IDAT", rows(0)), chunk(b"IEND", b""))


def png_bomb(folder: Path) -> bytes:
    return media.write_png_bomb(folder / "b.png", 30_000, 30_000).read_bytes()


def gif_bomb(_: Path) -> bytes:
    side = (60_000).to_bytes(2, "little")
    picture = b"," + bytes(4) + side + side + b"\0" + b"\x02\x02\x4c\x01\0"
    return b"GIF89a" + side + side + b"\x80\0\0" + bytes(6) + picture + b";"


def webp_bomb(_: Path) -> bytes:
    """The first picture says 16,000 x 16,000 in its VP8L header."""
    sides = (15_999 | 15_999 << 14).to_bytes(4, "little")
    chunk = b"VP8L" + (30).to_bytes(4, "little") + b"\x2f" + sides + bytes(25)
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk


def jpeg_bomb(folder: Path) -> bytes:
    """A small JPEG whose frame header says 60,000 x 60,000."""
    picture = io.BytesIO()
    Image.new("RGB", (40, 30)).save(picture, "JPEG")
    jpeg = picture.getvalue()
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + (60_000).to_bytes(2, "big") * 2 + jpeg[at + 4 :]


BOMBS = {".png": png_bomb, ".gif": gif_bomb, ".webp": webp_bomb, ".jpg": jpeg_bomb}
