"""What kind of source a ``CAPTURE_SOURCE`` is, told from its text alone."""

from __future__ import annotations

import re
from enum import Enum, auto
from urllib.parse import urlsplit, urlunsplit

from common.config import user_path

DEMO = "demo"
STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https")

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
    """Accept every text that may name a source; raise ``ValueError`` for unknown schemes."""
    scheme = _SCHEME.match(text)
    if not text.strip() or (scheme and scheme.group(1).lower() not in STREAM_SCHEMES):
        schemes = ", ".join(f"{known}://" for known in STREAM_SCHEMES)
        raise ValueError(
            f"a camera number, /dev/videoN, a file or folder, {DEMO}, or an address with {schemes}"
        )
    if kind_of(text) is SourceKind.PATH:
        user_path(text)
    return text


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


def without_password(source: str) -> str:
    """Give a source as it may be shown and logged: the address without user and password."""
    if kind_of(source) is not SourceKind.STREAM or "@" not in source:
        return source
    parts = urlsplit(source)
    return urlunsplit(parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2]))
