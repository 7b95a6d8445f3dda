"""What the records of a camera are to be kept with: what was captured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from capture.camera_feed import CameraFeed
from capture.config import CaptureConfig
from capture.open_feed import recording_path
from capture.recording_feed import RecordingFeed
from common.contract import Mode
from common.files import file_sha256
from common.messages import MAX_FACT, About
from common.passwords import without_password


def about_source(
    config: CaptureConfig, feed: RecordingFeed | CameraFeed, beat: Callable[[], object]
) -> About:
    """Describe an open source; the hash of a file is told where all of it is analysed.

    Args:
        config: The settings.
        feed: The source, of which no frame has been taken yet.
        beat: Called often where that takes long.
    """
    if not isinstance(feed, RecordingFeed):
        return {"source": without_password(config.source)[:MAX_FACT]}
    path, hashed = recording_path(config), config.mode is Mode.LOSSLESS
    return about_recording(path, feed, hashed=hashed, beat=beat)


def introduction(camera: str, mode: Mode, about: About) -> str:
    """Return the line that says at the start what is captured; only what is known is in it."""
    facts = [str(about["source"])]
    if about.get("width"):
        facts.append(f"{about['width']}x{about['height']}")
    if about.get("fps"):
        facts.append(f"{about['fps']:.4g} frames/s")
    return f"camera {camera}: {', '.join((*facts, mode))}"


def about_recording(
    path: Path,
    feed: RecordingFeed,
    *,
    hashed: bool = True,
    beat: Callable[[], object] = lambda: None,
) -> About:
    """Describe a recording.

    Args:
        path: Where it is.
        feed: Its frames, of which none has been taken yet.
        hashed: Whether its hash is wanted, for which all of it is read.
        beat: Called often meanwhile.
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
        "sha256": file_sha256(path, beat) if is_file and hashed else None,
    }
