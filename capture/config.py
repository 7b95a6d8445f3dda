"""Settings of the capture stage. The supervisor reads them too: nothing heavy is imported here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from capture.source_kind import (
    DEMO,
    SourceKind,
    default_camera_name,
    kind_of,
    parse_source,
)
from common.config import (
    BrokerSettings,
    choice,
    existing_file,
    existing_path,
    integer,
    setting,
    switch,
)
from common.contract import CAMERA_MODES, Mode, Transport
from common.errors import ConfigError
from common.passwords import without_password

LISTED = "FERSTREAM_LISTED_CAMERA"
"""The variable that tells a capture that it is one of a list: it may begin with its camera away."""
MAX_CELLS = 10_000


def parse_camera_name(text: str) -> str:
    """Accept a name that can stand in a URL path and a file name."""
    if not re.fullmatch(r"\w[\w .-]{0,63}", text):
        raise ValueError("up to 64 letters, digits, spaces and . _ -, the first a letter or digit")
    return text


def cell_count(text: str) -> int | Path:
    """Accept a number of cells, or a file that holds it and may change."""
    try:
        return number_of_cells(text)
    except ValueError as error:
        try:
            return existing_file(text)
        except ValueError:
            raise ValueError(f"{error}, or a file that holds one") from error


def number_of_cells(text: str) -> int:
    """Accept a number of cells."""
    count: int = integer(1, MAX_CELLS)(text)  # type: ignore[assignment]
    return count


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
    cameras: Path | None = setting(
        "CAPTURE_CAMERAS",
        None,
        existing_file,
        "instead of one source a list, followed while it changes: a file with a line for each "
        "camera, its name, its address, and settings such as FRAME_TRANSPORT=inline",
    )
    passwords: Path | None = setting(
        "CAPTURE_PASSWORDS",
        None,
        existing_path,
        "the folder in whose file NAME is what {NAME} stands for in an address of the list",
    )
    cell: int = setting(
        "CAPTURE_CELL",
        0,
        integer(0, MAX_CELLS - 1),
        "of several pipelines that share a list, which this is, from 0 on",
    )
    cells: int | Path = setting(
        "CAPTURE_CELLS",
        1,
        cell_count,
        "how many pipelines share the list, each taking some of the cameras: a number, or a file "
        "that holds it",
    )

    def __post_init__(self) -> None:
        if isinstance(self.cells, int) and self.cell >= self.cells:
            raise ConfigError(
                f"CAPTURE_CELL={self.cell}: expected a number from 0 to {self.cells - 1}, for "
                f"there are CAPTURE_CELLS={self.cells}"
            )
        if self.mode is Mode.LOSSLESS:
            self._check_lossless()

    def _check_lossless(self) -> None:
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
