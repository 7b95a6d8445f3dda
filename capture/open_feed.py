"""From ``CAPTURE_SOURCE`` to the frames it gives."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from capture.camera_feed import CameraFeed
from capture.config import LISTED, CaptureConfig
from capture.recording_feed import RecordingFeed
from capture.source_kind import SourceKind
from capture.sources.camera import DeviceCamera
from capture.sources.recordings import open_recording
from capture.sources.source import LiveSource
from common.config import user_path
from common.contract import Mode
from common.errors import ConfigError, SourceError
from common.lifetime import Lifetime
from common.passwords import without_password

DEMO_CLIP = Path(__file__).with_name("demo") / "demo.mp4"

log = logging.getLogger(__name__)


def open_feed(config: CaptureConfig, lifetime: Lifetime) -> RecordingFeed | CameraFeed:
    """Open the source.

    A stream that is not there is waited for. A camera that cannot be opened is a wrong setting when
    the stage is first started, and merely offline when a supervisor has started it again, or it is
    one of a list.

    Raises:
        ConfigError: The source cannot be used.
    """
    try:
        if config.kind.has_end:
            is_live = config.mode is Mode.LIVE
            recording = open_recording(recording_path(config), repeats_images=is_live)
            return RecordingFeed(recording, paced=is_live, loops=config.plays_again)
        return _open_camera_feed(config, lifetime)
    except SourceError as error:
        shown = without_password(config.source)
        raise ConfigError(f"CAPTURE_SOURCE={shown}: {error}") from error


def recording_path(config: CaptureConfig) -> Path:
    """Return where the recording is."""
    return DEMO_CLIP if config.kind is SourceKind.DEMO else user_path(config.source)


def _open_camera_feed(config: CaptureConfig, lifetime: Lifetime) -> CameraFeed:
    def open_source() -> LiveSource:
        if config.kind is SourceKind.CAMERA:
            return DeviceCamera(config.source)
        from capture.sources.stream import NetworkStream  # noqa: PLC0415  # PyAV takes 16 MB

        return NetworkStream(config.source)

    feed = CameraFeed(config.camera_name, open_source)
    if lifetime.restarts or LISTED in os.environ:
        return feed
    try:
        while not lifetime.stop_requested and not feed.wait_until_open(timeout_s=0.1):
            lifetime.beat()
    except SourceError as error:
        if config.kind is SourceKind.CAMERA:
            feed.close()
            raise
        log.warning("camera %s: %s; waiting for it, Ctrl-C stops", config.camera_name, error)
    except Exception:
        feed.close()
        raise
    return feed
