"""What kind of source a ``CAPTURE_SOURCE`` is, told from its text alone."""

from __future__ import annotations

import re
from enum import Enum, auto
from urllib.parse import urlsplit

from common.config import integer, user_path
from common.errors import ConfigError
from common.passwords import without_password

DEMO = "demo"
STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https")
MAX_CAMERA_NUMBER = 2**31 - 1  # OpenCV takes a C int
ALLOWED = (
    f"a camera number, /dev/videoN, a file or folder, {DEMO}, or an address with "
    + ", ".join(f"{scheme}://" for scheme in STREAM_SCHEMES)
)

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")


class SourceKind(Enum):
    """The kinds of source."""

    DEMO = auto()
    CAMERA = auto()
    STREAM = auto()
    PATH = auto()

    @property
    def has_end(self) -> bool:
        """Whether it is a recording, not something that goes on until it is unplugged."""
        return self in (SourceKind.DEMO, SourceKind.PATH)


def parse_source(text: str) -> str:
    """Accept every text that may name a source.

    Raises:
        ValueError: It cannot name one.
        ConfigError: The same of an address, here and not where values are parsed: the line that the
            user is to read must not hold the password.
    """
    if not text.strip():
        raise ValueError(ALLOWED)
    try:
        text.encode()
    except UnicodeEncodeError as error:  # OpenCV crashes on it
        raise ValueError("a name or address in UTF-8") from error
    kind = kind_of(text)
    if kind is SourceKind.STREAM:
        _check_address(text)
    elif kind is SourceKind.PATH:
        user_path(text)
    elif text.isdecimal():
        integer(0, MAX_CAMERA_NUMBER)(text)
    return text


def _check_address(text: str) -> None:
    shown = f"CAPTURE_SOURCE={without_password(text)}"
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number, but a part of the password
    except ValueError as error:
        raise ConfigError(
            f"{shown}: expected scheme://user:password@host:port/path, with %5B %5D %2F %3F %23 "
            "for [ ] / ? # in user and password"
        ) from error
    if parts.scheme not in STREAM_SCHEMES:
        raise ConfigError(f"{shown}: expected {ALLOWED}")


def kind_of(source: str) -> SourceKind:
    """Tell the kind of a source; a file that is named ``demo`` or ``0`` is ``./demo``, ``./0``."""
    if source == DEMO:
        return SourceKind.DEMO
    if source.isdecimal() or source.startswith(("/dev/video", "/dev/v4l/")):
        return SourceKind.CAMERA
    return SourceKind.STREAM if _SCHEME.match(source) else SourceKind.PATH


def default_camera_name(source: str) -> str:
    """Name the camera after its source, in characters that suit a URL and a file name."""
    kind = kind_of(source)
    if kind is SourceKind.CAMERA:
        name = "camera" + re.sub(r"^/dev/(video|v4l/)", "", source)
    elif kind is SourceKind.STREAM:
        name = urlsplit(source).hostname or "stream"
    elif kind is SourceKind.PATH:
        path = user_path(source).resolve()
        name = path.name if path.is_dir() else path.stem
    else:
        name = DEMO
    return re.sub(r"[^\w.-]", "_", name)[:64] or "camera"
