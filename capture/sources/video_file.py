"""A video file, with its container's own timestamps.

Measured with OpenCV 4.14 and its FFmpeg: after ``read()``, ``CAP_PROP_POS_MSEC`` is the time of the
frame just read, counted from the first one, for mp4 and Matroska of variable frame rate, gif and
avi alike. Raw H.264 has no timestamps: there it stays 0, and the nominal rate is used. Seeking back
to frame 0 fails for raw streams, so a file is rewound by opening it again.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capture.sources.source import CapturedFrame, as_bgr, check_opened
from common.errors import SourceError
from common.opencv import cv2

# Containers that store how many frames they hold. Of others OpenCV only has duration times nominal
# rate, which for variable frame rates is far off (91 for 10 frames), or nonsense (-2e14).
COUNTING_CONTAINERS = ((b"ftyp", 4), (b"AVI ", 8))
MAX_BELIEVED_FRAMES = 10**9
MAX_BELIEVED_FPS = 1000
DEFAULT_FPS = 25.0
# After a frame that does not decode read() fails once, and goes on behind it when called again; at
# the end it fails for ever, in microseconds.
MAX_FAILED_READS = 50
MISSING_TOLERANCE = 0.02  # edit lists hide a few frames that the container counts

log = logging.getLogger(__name__)


class VideoFile:
    """A video file read from beginning to end.

    Attributes:
        total_frames: The container's count, 0 where it has none.
        fps: The nominal rate, 0 where there is none.

    Raises:
        SourceError: It is not a video, or its frames are too large.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()  # an absolute path is never taken for a protocol or pattern
        self._frames_read = 0
        self._capture = self._open()
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps <= MAX_BELIEVED_FPS else 0.0
        self._claimed = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.total_frames = self._count_frames()

    def read(self) -> CapturedFrame | None:
        """Return the next frame that decodes; None at the end."""
        pixels = self._read_decodable()
        if pixels is None:
            self._warn_of_damage()
            return None
        pts_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if pts_s <= 0:
            pts_s = self._frames_read / (self.fps or DEFAULT_FPS)
        self._frames_read += 1
        self._last_pts_s = pts_s
        return CapturedFrame(as_bgr(pixels), pts_s)

    def rewind(self) -> None:
        """Open the file again."""
        self._capture.release()
        self._frames_read = 0
        self._capture = self._open()

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def _open(self) -> cv2.VideoCapture:
        try:
            empty = self._path.stat().st_size == 0
        except OSError as error:
            raise SourceError(f"cannot be read ({error.strerror})") from error
        if empty:
            raise SourceError("is empty")
        self._last_pts_s = 0.0
        self._damages = 0
        # FFmpeg by name: OpenCV's other readers take digits in a file name for an image sequence.
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise SourceError("is not a video or image that can be read, or was cut short")
        check_opened(capture)
        return capture

    def _count_frames(self) -> int:
        with self._path.open("rb") as file:
            start = file.read(12)
        counted = any(start[at : at + 4] == mark for mark, at in COUNTING_CONTAINERS)
        return int(self._claimed) if counted and 0 < self._claimed < MAX_BELIEVED_FRAMES else 0

    def _read_decodable(self) -> NDArray[np.generic] | None:
        for attempt in range(MAX_FAILED_READS):
            decoded, pixels = self._capture.read()
            if decoded:
                self._damages += attempt > 0
                return pixels
        return None

    def _warn_of_damage(self) -> None:
        name, read, total = self._path.name, self._frames_read, self.total_frames
        if self._damages:
            log.warning("%s: damaged in %d places", name, self._damages)
        if total and total - read > max(1.0, total * MISSING_TOLERANCE):
            log.warning("%s: only %d of its %d frames can be decoded", name, read, total)
        claimed_s = self._claimed / (self.fps or DEFAULT_FPS)
        if not total and claimed_s - self._last_pts_s > max(1.0, claimed_s * MISSING_TOLERANCE):
            log.warning("%s: ends at %.1f s of %.1f s", name, self._last_pts_s, claimed_s)
