"""A camera of this computer."""

from __future__ import annotations

from pathlib import Path

from capture.sources.source import LiveSource, check_size, opencv_errors
from common.errors import SourceError
from common.opencv import cv2


class DeviceCamera(LiveSource):
    """A camera by its number or, on Linux, by its device file.

    Args:
        source: A number such as ``0``, or a device file such as ``/dev/video2``.

    Raises:
        SourceError: There is no such camera, or another program has it.
    """

    lost = "the camera gives no frames; is it plugged in?"

    def __init__(self, source: str) -> None:
        with opencv_errors():
            if source.isdecimal():
                self._capture = cv2.VideoCapture(int(source))
            else:
                self._capture = cv2.VideoCapture(source, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise SourceError(f"there is no such camera, or it is in use; {_found()}")
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest frame, not a queue of old ones
        check_size(self._capture)


def _found() -> str:
    devices = sorted(str(path) for path in Path("/dev").glob("video*"))
    return f"found {', '.join(devices)}" if devices else "no /dev/video* was found"
