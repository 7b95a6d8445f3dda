"""One picture, for all who want it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property

import msgspec

from publisher.as_json import Json, some_of_face
from publisher.drawing.look import Look
from publisher.faces import PublishedFrame

FACE_FIELDS = ("track_id", "box", "label", "confidence")
"""What somebody who draws the boxes has to know."""


class Told:
    """What is told of a picture to somebody who draws the boxes; holds none of its pixels.

    Args:
        frame: What is in it; None where that is words.
    """

    def __init__(self, frame: PublishedFrame | None) -> None:
        self._frame = frame

    @cached_property
    def json(self) -> bytes:
        """The same as JSON, made when it is first wanted and then kept."""
        return msgspec.json.encode(None if self._frame is None else _with_shown(self._frame))


class EncodedFrame:
    """A JPEG for each look, made when it is first wanted and then kept.

    Args:
        make: Makes the JPEG.
        frame: What is in it; None where that is words.
    """

    def __init__(self, make: Callable[[Look], bytes], frame: PublishedFrame | None = None) -> None:
        self._make = make
        self._jpegs: dict[Look, bytes] = {}
        self._lock = threading.Lock()
        self.told = Told(frame)

    def jpeg(self, look: Look) -> bytes:
        """Return the JPEG's bytes."""
        with self._lock:
            if look not in self._jpegs:
                self._jpegs[look] = self._make(look)
            return self._jpegs[look]


def _with_shown(frame: PublishedFrame) -> Json:
    return {
        "frame_id": frame.frame_id,
        "width": frame.width,
        "height": frame.height,
        "faces": [some_of_face(face, *FACE_FIELDS) for face in frame.shown],
    }
