"""A camera on the network: RTSP, or MJPEG over HTTP."""

from __future__ import annotations

from capture.sources.source import LiveSource, check_size, opencv_errors
from common.errors import SourceError
from common.opencv import cv2

OPEN_TIMEOUT_MS = 5000
READ_TIMEOUT_MS = 5000
DECODING_THREADS = 1
"""Each decoder thread holds a frame back. OpenCV's default is one a processor: measured with H.264
over RTSP, 16 of them show the picture of 16 frames ago, a second at 15 frames a second."""


class NetworkStream(LiveSource):
    """A stream by its address.

    The timeouts are FFmpeg's, and some servers manage to hang it nevertheless: whoever reads has
    to watch the time from outside.

    Raises:
        SourceError: Nobody answers, or it is not video.
    """

    lost = "the stream has broken off"

    def __init__(self, url: str) -> None:
        parameters = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            OPEN_TIMEOUT_MS,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            READ_TIMEOUT_MS,
            cv2.CAP_PROP_N_THREADS,
            DECODING_THREADS,
        ]
        scheme, separator, rest = url.partition("://")
        url = scheme.lower() + separator + rest  # FFmpeg does not know RTSP://
        with opencv_errors():
            self._capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, parameters)
        if not self._capture.isOpened():
            raise SourceError("no video can be reached there; check the address and the network")
        check_size(self._capture)
