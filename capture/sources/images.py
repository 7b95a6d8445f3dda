"""Still pictures: one image, or a folder of them."""

from __future__ import annotations

import io
import logging
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from capture.sources.source import CapturedFrame, as_bgr
from common.errors import SourceError
from common.opencv import MAX_PIXELS, cv2, has_too_many_pixels
from common.pixels import Bgr

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PNG_CHUNKS = 200_000
"""Three times those of 64 million pixels of 16 bits in chunks of 8 kB, as libpng writes them."""
JPEG_SIGNATURE = b"\xff\xd8"
JPEG_SCAN, JPEG_END = 0xDA, b"\xff\xd9"
BLOCK_BYTES = 2**20
STILL_FPS = 4  # enough for a page to show that it lives, and little work

log = logging.getLogger(__name__)


def is_image(path: Path) -> bool:
    """Tell an image from a video by its first bytes; a gif counts as a video."""
    return path.suffix.lower() != ".gif" and bool(cv2.haveImageReader(str(path)))


def read_image(path: Path) -> Bgr:
    """Decode an image; grey, alpha and 16 bits become 8-bit BGR, EXIF orientation is applied.

    Raises:
        SourceError: It cannot be decoded, or is too large (found from its header).
    """
    if _shown_name(path) != path.name:
        raise SourceError("has a name that is not UTF-8, on which OpenCV crashes; rename it")
    try:
        _check_png(path)
        _check_jpeg(path)
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror})") from error
    except cv2.error as error:
        if has_too_many_pixels(error):
            raise SourceError(f"has more than {MAX_PIXELS // 10**6} million pixels") from error
        raise SourceError(f"cannot be decoded ({error.err})") from error
    if pixels is None:
        raise SourceError("is not an image that can be read")
    return as_bgr(pixels)


def _check_png(path: Path) -> None:
    """Refuse a PNG whose parts say they are longer than the file; OpenCV takes memory for them.

    Raises:
        SourceError: It is a PNG that is cut short, or has too many parts.
        OSError: The file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(PNG_SIGNATURE)) != PNG_SIGNATURE:
            return
        for _ in range(MAX_PNG_CHUNKS):
            header = file.read(8)
            if len(header) < 8 or header[4:] == b"IEND":
                return
            end = file.tell() + int.from_bytes(header[:4], "big") + 4  # and a checksum
            if end > size:
                raise SourceError("is cut short")
            file.seek(end)
    raise SourceError(f"has more than {MAX_PNG_CHUNKS} parts")


def _check_jpeg(path: Path) -> None:
    """Refuse a JPEG without an end; OpenCV makes what is missing grey, and no face is found there.

    Raises:
        SourceError: It is a JPEG that is cut short.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        if file.read(len(JPEG_SIGNATURE)) != JPEG_SIGNATURE:
            return
        _seek_scan(file)
        before = b""
        while block := file.read(BLOCK_BYTES):
            if JPEG_END in before + block:
                return
            before = block[-1:]
    raise SourceError("is cut short")


def _seek_scan(file: BinaryIO) -> None:
    """Go to where the picture of a JPEG begins: a preview before it has an end of its own."""
    while len(header := file.read(4)) == 4 and header[0] == 0xFF and header[1] != JPEG_SCAN:
        is_filling = header[1] == 0xFF
        file.seek(-3 if is_filling else int.from_bytes(header[2:], "big") - 2, io.SEEK_CUR)


class StillImage:
    """One image: a single frame, or in live mode the same picture ``STILL_FPS`` times a second.

    Each time it is a picture of its own, so that it is searched in full and judged the same.

    Args:
        path: The image's path.
        repeats: Whether it goes on for ever; then ``total_frames`` is 0.
    """

    def __init__(self, path: Path, *, repeats: bool) -> None:
        self._bgr = read_image(path)
        self._name = _shown_name(path)
        self._repeats = repeats
        self._frames_read = 0
        self.total_frames = 0 if repeats else 1
        self.fps = 0.0

    def read(self) -> CapturedFrame | None:
        """Return the picture; None where it has been given once and does not repeat."""
        if self._frames_read and not self._repeats:
            return None
        pts_s = self._frames_read / STILL_FPS
        frame = CapturedFrame(self._bgr, pts_s, cut=True, source=self._name)
        self._frames_read += 1
        return frame

    def rewind(self) -> None:
        """Start over."""
        self._frames_read = 0

    def close(self) -> None:
        """Nothing is open."""


class ImageFolder:
    """The images of a folder in plain name order (``10.png`` before ``9.png``), one a second.

    Which files are images goes by their names. One that cannot be decoded is a frame that has
    failed, black and of the size of the first that can be.

    Raises:
        SourceError: There is no image in the folder, or none that can be decoded.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in IMAGE_SUFFIXES
            and not path.name.startswith(".")
            and path.is_file()
        )
        self._at = 0
        if not self._paths:
            raise SourceError(
                f"is a folder without images ({', '.join(sorted(IMAGE_SUFFIXES))}); "
                "name a folder of images, or a video file"
            )
        self._black = np.zeros_like(self._first_decodable())
        self.total_frames = len(self._paths)
        self.fps = 0.0

    def read(self) -> CapturedFrame | None:
        """Return the next image; None at the end."""
        if self._at == len(self._paths):
            return None
        at, path = self._at, self._paths[self._at]
        self._at += 1
        name = _shown_name(path)
        try:
            return CapturedFrame(read_image(path), float(at), cut=True, source=name)
        except SourceError as error:
            log.warning("%s has failed: it %s", name, error)
            return CapturedFrame(self._black, float(at), cut=True, source=name, failed=True)

    def rewind(self) -> None:
        """Start over with the first image."""
        self._at = 0

    def close(self) -> None:
        """Nothing is open."""

    def _first_decodable(self) -> Bgr:
        for path in self._paths:
            with suppress(SourceError):
                return read_image(path)
        raise SourceError(f"is a folder of {len(self._paths)} images, none of which can be decoded")


def _shown_name(path: Path) -> str:
    """Return the name of a file; what is not UTF-8 in it is a question mark."""
    return path.name.encode(errors="replace").decode()
