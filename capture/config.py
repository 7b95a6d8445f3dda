"""Settings of the capture stage. The supervisor reads them too: nothing heavy is imported here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from capture.source_kind import (
    DEMO,
    SourceKind,
    default_camera_name,
    kind_of,
    parse_source,
)
from common.config import BrokerSettings, choice, setting, switch
from common.contract import CAMERA_MODES, Mode, Transport
from common.errors import ConfigError
from common.passwords import without_password


def parse_camera_name(text: str) -> str:
    """Accept a name that can stand in a URL path and a file name."""
    if not re.fullmatch(r"\w[\w .-]{0,63}", text):
        raise ValueError("up to 64 letters, digits, spaces and . _ -, the first a letter or digit")
    return text


@dataclass(frozen=True, slots=True)
class CaptureConfig(BrokerSettings):
    """Where the video comes from, and how its frames are handed on."""

    source: str = setting(
        "CAPTURE_SOURCE",
        DEMO,
        parse_source,
        "a camera number, /dev/videoN, a video, an image, a folder of images, an rtsp:// or "
        "http:// address, or demo",
    )
    mode: Mode = setting(
        "CAPTURE_MODE",
        Mode.LIVE,
        choice(*CAMERA_MODES),
        "live: the newest frame wins; lossless: every frame of a recording is analysed",
    )
    camera: str | None = setting(
        "CAPTURE_CAMERA",
        None,
        parse_camera_name,
        "the camera's name in the page, the API and the records; without it, from the source",
    )
    loop: bool | None = setting(
        "CAPTURE_LOOP",
        None,
        switch,
        "play a recording again when it ends (live); without it, 1 for demo and 0 for others",
    )
    transport: Transport = setting(
        "FRAME_TRANSPORT",
        Transport.RING,
        choice(*Transport),
        "ring: pixels in shared memory; inline: a JPEG in each message, for other hosts",
    )

    def __post_init__(self) -> None:
        if self.mode is not Mode.LOSSLESS:
            return
        if not self.kind.has_end:
            raise ConfigError(
                f"CAPTURE_MODE={Mode.LOSSLESS}: CAPTURE_SOURCE={without_password(self.source)} is "
                "not a recording and cannot wait; set CAPTURE_SOURCE to a file or folder, or "
                f"CAPTURE_MODE={Mode.LIVE}"
            )
        if self.loop:
            raise ConfigError(
                f"CAPTURE_LOOP=1: with CAPTURE_MODE={Mode.LOSSLESS} a recording is analysed once; "
                f"set CAPTURE_LOOP=0 or CAPTURE_MODE={Mode.LIVE}"
            )

    @property
    def is_given_up(self) -> bool:
        """Whether crashes in a row end it: a live camera is no reason for others to end."""
        return self.mode is Mode.LOSSLESS

    @property
    def kind(self) -> SourceKind:
        """The kind of the source."""
        return kind_of(self.source)

    @property
    def camera_name(self) -> str:
        """The name given, or one made from the source."""
        return self.camera or default_camera_name(self.source)

    @property
    def plays_again(self) -> bool:
        """Whether a recording starts over when it ends."""
        if self.loop is None:
            return self.mode is Mode.LIVE and self.kind is SourceKind.DEMO
        return self.loop
