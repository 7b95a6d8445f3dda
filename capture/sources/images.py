"""Still pictures: one image, or a folder of them."""

from __future__ import annotations

import logging
from pathlib import Path

from capture.sources.source import CapturedFrame, as_bgr
from common.errors import SourceError
from common.opencv import MAX_PIXELS, cv2, has_too_many_pixels
from common.pixels import Bgr

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PNG_CHUNKS = 200_000
"""Three times those of 64 million pixels of 16 bits in chunks of 8 kB, as libpng writes them."""
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
    try:
        _check_png(path)
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


class StillImage:
    """One image: a single frame, or in live mode the same picture ``STILL_FPS`` times a second.

    Args:
        path: The image's path.
        repeats: Whether it goes on for ever; then ``total_frames`` is 0.
    """

    def __init__(self, path: Path, *, repeats: bool) -> None:
        self._bgr = read_image(path)
        self._repeats = repeats
        self._frames_read = 0
        self.total_frames = 0 if repeats else 1
        self.fps = 0.0

    def read(self) -> CapturedFrame | None:
        """Return the picture; None where it has been given once and does not repeat."""
        if self._frames_read and not self._repeats:
            return None
        is_first = self._frames_read == 0
        frame = CapturedFrame(self._bgr, self._frames_read / STILL_FPS, cut=is_first)
        self._frames_read += 1
        return frame

    def rewind(self) -> None:
        """Start over."""
        self._frames_read = 0

    def close(self) -> None:
        """Nothing is open."""


class ImageFolder:
    """The images of a folder in plain name order (``10.png`` before ``9.png``), one a second.

    Which files are images goes by their names. One that cannot be decoded is counted in
    ``total_frames``, skipped with a warning, and leaves its second empty.

    Raises:
        SourceError: There is no image in the folder.
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
        self.total_frames = len(self._paths)
        self.fps = 0.0

    def read(self) -> CapturedFrame | None:
        """Return the next image that decodes; None at the end."""
        while self._at < len(self._paths):
            at, path = self._at, self._paths[self._at]
            self._at += 1
            try:
                return CapturedFrame(read_image(path), float(at), cut=True)
            except SourceError as error:
                log.warning("skipped %s: it %s", path.name, error)
        return None

    def rewind(self) -> None:
        """Start over with the first image."""
        self._at = 0

    def close(self) -> None:
        """Nothing is open."""
