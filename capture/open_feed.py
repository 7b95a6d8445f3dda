"""From ``CAPTURE_SOURCE`` to the frames it gives."""

from __future__ import annotations

import logging
from pathlib import Path

from capture.camera_feed import CameraFeed
from capture.config import CaptureConfig
from capture.recording_feed import RecordingFeed
from capture.source_kind import SourceKind
from capture.sources.camera import DeviceCamera
from capture.sources.images import ImageFolder, StillImage, is_image
from capture.sources.source import LiveSource, Recording
from capture.sources.video_file import VideoFile
from common.config import user_path
from common.contract import Mode
from common.errors import ConfigError, SourceError
from common.lifetime import Lifetime
from common.passwords import without_password

DEMO_CLIP = Path(__file__).with_name("demo") / "demo.mp4"

log = logging.getLogger(__name__)


def open_feed(config: CaptureConfig, lifetime: Lifetime) -> RecordingFeed | CameraFeed:
    """Open the source.

    A camera that cannot be opened is a wrong setting when the stage is first started, and merely
    offline when a supervisor has started it again.

    Raises:
        ConfigError: The source cannot be used.
    """
    try:
        if config.kind.has_end:
            recording, paced = _open_recording(config), config.mode is Mode.LIVE
            return RecordingFeed(recording, paced=paced, loops=config.plays_again)
        return _open_camera_feed(config, lifetime)
    except SourceError as error:
        shown = without_password(config.source)
        raise ConfigError(f"CAPTURE_SOURCE={shown}: {error}") from error


def _open_recording(config: CaptureConfig) -> Recording:
    path = DEMO_CLIP if config.kind is SourceKind.DEMO else user_path(config.source)
    try:
        if path.is_dir():
            return ImageFolder(path)
        if not path.exists():
            raise SourceError("does not exist; name a video, an image or a folder of images")
        if path.is_file() and is_image(path):
            return StillImage(path, repeats=config.mode is Mode.LIVE)
        return VideoFile(path)
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror})") from error


def _open_camera_feed(config: CaptureConfig, lifetime: Lifetime) -> CameraFeed:
    def open_source() -> LiveSource:
        if config.kind is SourceKind.CAMERA:
            return DeviceCamera(config.source)
        from capture.sources.stream import NetworkStream  # noqa: PLC0415  # PyAV takes 16 MB

        return NetworkStream(config.source)

    feed = CameraFeed(config.camera_name, open_source)
    if lifetime.restarts:
        return feed
    try:
        while not lifetime.stop_requested and not feed.wait_until_open(timeout_s=0.1):
            lifetime.beat()
    except Exception:
        feed.close()
        raise
    return feed
