"""What every source offers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from common.errors import SourceError
from common.opencv import MAX_PIXELS, cv2
from common.passwords import without_password
from common.pixels import Bgr


@dataclass(frozen=True, slots=True, eq=False)
class CapturedFrame:
    """One frame: ``(h, w, 3) uint8`` BGR pixels and where it is in its source's own time.

    ``superseded`` frames came between the one taken before and this one, and gave way to it. After
    a ``cut`` the picture has nothing to do with the one before.
    """

    bgr: Bgr
    pts_s: float
    superseded: int = 0
    cut: bool = False


class Recording(Protocol):
    """A source that has an end and can be played again."""

    @property
    def total_frames(self) -> int:
        """How many frames there are, where that is known for certain; 0 is unknown."""

    def read(self) -> CapturedFrame | None:
        """Return the next frame; None at the end."""

    def rewind(self) -> None:
        """Go back to before the first frame."""

    def close(self) -> None:
        """Let go of files."""


class LiveSource:
    """A camera or stream that OpenCV reads: goes on until it is lost.

    Attributes:
        lost: What is said of it then.
    """

    lost: ClassVar[str]
    _capture: cv2.VideoCapture

    def read(self) -> Bgr:
        """Wait for the next frame.

        Raises:
            SourceError: The camera is lost.
        """
        with opencv_errors():
            decoded, pixels = self._capture.read()
        if not decoded:
            raise SourceError(self.lost)
        return as_bgr(pixels)

    def close(self) -> None:
        """Let go of the device or connection."""
        self._capture.release()


@contextmanager
def opencv_errors() -> Iterator[None]:
    """Turn what OpenCV raises into a ``SourceError`` of one line."""
    try:
        yield
    except cv2.error as error:
        words = without_password(" ".join(str(error).split()))
        raise SourceError(f"OpenCV fails with it ({words})") from error


def check_size(capture: cv2.VideoCapture) -> None:
    """Refuse frames that would not fit in memory, before any is decoded.

    Raises:
        SourceError: The frames have no size, or more than ``MAX_PIXELS`` pixels.
    """
    width, height = map(capture.get, (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    if width < 1 or height < 1:
        raise SourceError("has no picture that can be decoded")
    if width * height > MAX_PIXELS:
        raise SourceError(
            f"is {width:.0f}x{height:.0f} pixels; at most {MAX_PIXELS // 10**6} million are read"
        )


def as_bgr(decoded: NDArray[np.generic]) -> Bgr:
    """Return what OpenCV decoded as ``(h, w, 3) uint8``: some streams come as grey.

    Raises:
        SourceError: It is neither grey nor BGR of 8 bits.
    """
    pixels = np.asarray(decoded)
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise SourceError(f"gives frames of {pixels.dtype} {pixels.shape}, not 8-bit colour")
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return pixels[:, :, :3]
