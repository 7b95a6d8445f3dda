"""The recording that a path names."""

from __future__ import annotations

from pathlib import Path

from capture.sources.images import ImageFolder, StillImage, is_image
from capture.sources.source import Recording
from capture.sources.video_file import VideoFile
from common.errors import SourceError

VIDEO_SUFFIXES = frozenset({".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm"})
"""Files of a folder that are taken for videos; a file that is named is tried whatever its name."""


def open_recording(path: Path, *, repeats_images: bool = False) -> Recording:
    """Open a video, an image or a folder of images.

    Args:
        path: Where it is.
        repeats_images: Whether a single image goes on for ever.

    Raises:
        SourceError: It cannot be read; a part of a sentence that begins with its name.
    """
    try:
        if path.is_dir():
            return ImageFolder(path)
        if not path.exists():
            raise SourceError("does not exist; name a video, an image or a folder of images")
        if path.is_file() and is_image(path):
            return StillImage(path, repeats=repeats_images)
        return VideoFile(path)
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror})") from error
