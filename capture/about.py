"""What the records of a camera are to be kept with: what was captured."""

from __future__ import annotations

from pathlib import Path

from capture.camera_feed import CameraFeed
from capture.config import CaptureConfig
from capture.open_feed import recording_path
from capture.recording_feed import RecordingFeed
from common.contract import Mode
from common.files import file_sha256
from common.messages import MAX_FACT, About
from common.passwords import without_password


def about_source(config: CaptureConfig, feed: RecordingFeed | CameraFeed) -> About:
    """Describe an open source; the hash of a file is told where all of it is analysed."""
    if not isinstance(feed, RecordingFeed):
        return {"source": without_password(config.source)[:MAX_FACT]}
    return about_recording(recording_path(config), feed, hashed=config.mode is Mode.LOSSLESS)


def about_recording(path: Path, feed: RecordingFeed, *, hashed: bool = True) -> About:
    """Describe a recording.

    Args:
        path: Where it is.
        feed: Its frames, of which none has been taken yet.
        hashed: Whether its hash is wanted, for which all of it is read.
    """
    height, width = feed.first_size
    is_file = path.is_file()
    return {
        "source": path.name[:MAX_FACT],
        "width": width,
        "height": height,
        "fps": feed.fps or None,
        "frames": feed.total_frames or None,
        "bytes": path.stat().st_size if is_file else None,
        "sha256": file_sha256(path) if is_file and hashed else None,
    }
