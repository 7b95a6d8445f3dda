"""What every source offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from common.errors import SourceError
from common.opencv import MAX_PIXELS, cv2
from common.pixels import Bgr


@dataclass(frozen=True, slots=True, eq=False)
class CapturedFrame:
    """One frame: ``(h, w, 3) uint8`` BGR pixels and where it is in its source's own time.

    ``superseded`` frames came between the one taken before and this one, and gave way to it. After
    a ``cut`` the picture is to be searched and judged by itself: it is no moving one. ``source`` is
    the name of its file where it has one of its own, as in a folder; one that is ``failed`` could
    not be decoded, and is black.
    """

    bgr: Bgr
    pts_s: float
    superseded: int = 0
    cut: bool = False
    source: str = ""
    failed: bool = False


class Recording(Protocol):
    """A source that has an end and can be played again."""

    @property
    def total_frames(self) -> int:
        """How many frames there are, where that is known for certain; 0 is unknown."""

    @property
    def fps(self) -> float:
        """The rate that it says it has; 0 where it says none."""

    def read(self) -> CapturedFrame | None:
        """Return the next frame; None at the end."""

    def rewind(self) -> None:
        """Go back to before the first frame."""

    def close(self) -> None:
        """Let go of files."""


class LiveSource(Protocol):
    """A camera or stream: goes on until it is lost."""

    def read(self) -> Bgr:
        """Wait for the next frame.

        Raises:
            SourceError: It is lost.
        """

    def close(self) -> None:
        """Let go of the device or connection."""


def check_opened(capture: cv2.VideoCapture) -> None:
    """Refuse what OpenCV has opened for the size of its frames, before any is decoded.

    Raises:
        SourceError: As of ``check_size``.
    """
    check_size(capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT))


def check_size(width: float, height: float) -> None:
    """Refuse frames that would not fit in memory.

    Raises:
        SourceError: The frames have no size, or more than ``MAX_PIXELS`` pixels.
    """
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
