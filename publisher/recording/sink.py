"""Where recorded pictures go: what video files and folders of images have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2s
from pathlib import Path
from typing import Protocol

from common.errors import FerstreamError
from common.pixels import Bgr
from publisher.faces import PublishedFrame

HASH_BYTES = 4


class NotWrittenError(FerstreamError):
    """A picture cannot be written; says where and why."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptPicture:
    """One picture to be recorded, and the frame it is of.

    Attributes:
        bgr: Nobody writes to it any more.
    """

    frame: PublishedFrame
    bgr: Bgr


class PictureSink(Protocol):
    """Writes pictures, all from one thread."""

    def write_picture(self, picture: KeptPicture) -> None:
        """Write the next picture.

        Raises:
            NotWrittenError: It cannot be written, and none after it is to be.
        """

    def close(self) -> None:
        """Finish all files.

        Raises:
            NotWrittenError: One cannot be finished.
        """


def not_written(path: Path, error: Exception) -> NotWrittenError:
    """Return the error which says that ``path`` cannot be written."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else error
    return NotWrittenError(f"{path} cannot be written: {why}")


def file_name_of(camera: str) -> str:
    """Return a camera's name in characters that suit the name of a file on any system.

    Two cameras never get the same: a name that had to be changed ends in a hash of the camera's.
    """
    name = re.sub(r"[^\w. -]", "_", camera)[:64].strip(". ")
    if name == camera:
        return name
    digest = blake2s(camera.encode(errors="surrogatepass"), digest_size=HASH_BYTES).hexdigest()
    return f"{name or 'camera'}-{digest}"
