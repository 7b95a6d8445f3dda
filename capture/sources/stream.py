"""A camera on the network: RTSP, or MJPEG over HTTP."""

from __future__ import annotations

from capture.opencv import cv2
from capture.sources.source import as_bgr, check_size
from common.errors import SourceError
from common.ring import Bgr

OPEN_TIMEOUT_MS = 5000
READ_TIMEOUT_MS = 5000


class NetworkStream:
    """A stream by its address.

    The timeouts are FFmpeg's, and some servers manage to hang it nevertheless: whoever reads has
    to watch the time from outside.

    Raises:
        SourceError: Nobody answers, or it is not video.
    """

    def __init__(self, url: str) -> None:
        timeouts = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            OPEN_TIMEOUT_MS,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            READ_TIMEOUT_MS,
        ]
        self._capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)
        if not self._capture.isOpened():
            raise SourceError("no video can be reached there; check the address and the network")
        check_size(
            self._capture.get(cv2.CAP_PROP_FRAME_WIDTH),
            self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT),
        )

    def read(self) -> Bgr:
        """Wait for the next frame; ``SourceError`` when the stream has ended or broken."""
        decoded, pixels = self._capture.read()
        if not decoded:
            raise SourceError("the stream has broken off")
        return as_bgr(pixels)

    def close(self) -> None:
        """Close the connection."""
        self._capture.release()
