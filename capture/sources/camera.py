"""A camera of this computer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from capture.sources.source import LiveSource, as_bgr, check_opened
from common.errors import SourceError
from common.opencv import cv2
from common.pixels import Bgr


class DeviceCamera(LiveSource):
    """A camera by its number or, on Linux, by its device file.

    Args:
        source: A number such as ``0``, or a device file such as ``/dev/video2``.

    Raises:
        SourceError: There is no such camera, or another program has it.
    """

    def __init__(self, source: str) -> None:
        with _opencv_errors():
            if source.isdecimal():
                self._capture = cv2.VideoCapture(int(source))
            else:
                self._capture = cv2.VideoCapture(source, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise SourceError(f"there is no such camera, or it is in use; {_found()}")
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest frame, not a queue of old ones
        check_opened(self._capture)

    def read(self) -> Bgr:
        """Wait for the next frame.

        Raises:
            SourceError: The camera is lost.
        """
        with _opencv_errors():
            decoded, pixels = self._capture.read()
        if not decoded:
            raise SourceError("the camera gives no frames; is it plugged in?")
        return as_bgr(pixels)

    def close(self) -> None:
        """Let go of the device."""
        self._capture.release()


@contextmanager
def _opencv_errors() -> Iterator[None]:
    """Turn what OpenCV raises into a ``SourceError`` of one line."""
    try:
        yield
    except cv2.error as error:
        raise SourceError(f"OpenCV fails with it ({' '.join(str(error).split())})") from error


def _found() -> str:
    devices = sorted(str(path) for path in Path("/dev").glob("video*"))
    return f"found {', '.join(devices)}" if devices else "no /dev/video* was found"
