"""OpenCV with its limits set and its own chatter off.

It reads these variables when it is imported, so whatever decodes what others made imports ``cv2``
from here. What the user has set wins.
"""

from __future__ import annotations

import os

from common.picture_size import MAX_PIXELS

os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # our own error is one line
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "5")  # seconds; 10 is its default

import cv2  # reads them when it is imported

__all__ = ["MAX_PIXELS", "cv2", "has_too_many_pixels"]


def has_too_many_pixels(error: cv2.error) -> bool:
    """Return whether a picture was refused for its size, found from its header."""
    return "CV_IO_MAX_IMAGE" in str(error)
