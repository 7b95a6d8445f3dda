"""From results to the pictures that viewers get."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import numpy as np

from common.errors import SourceError
from common.frames import frame_pixels
from common.messages import LOSSLESS, Frame, Result
from common.ring import RingReader
from publisher.annotate import NOTICE_SIZE, annotate, encode_jpeg, notice
from publisher.annotate import Picture as Bgr
from publisher.faces import Face
from publisher.hub import Picture, PictureHub

KEEP_INTERVAL_S = 1.0
LOSSLESS_INTERVAL_S = 0.04
"""A lossless run can be far faster than anybody can watch: 25 pictures a second are enough."""

log = logging.getLogger(__name__)


class PictureMaker:
    """Draws and encodes a frame once for all its viewers, and not at all for none.

    A frame's pixels are gone when it is acknowledged. So that a viewer who comes later, or after
    the end of the source, sees something, a copy is kept once a second; it is drawn and encoded
    only when somebody asks.
    """

    def __init__(self, hub: PictureHub, quality: int) -> None:
        self._hub = hub
        self._quality = quality
        self._rings = RingReader()
        self._shown_s: dict[str, float] = {}
        self._notices: dict[str, str] = {}
        self._sizes: dict[str, tuple[int, int]] = {}

    def show(self, result: Result, faces: Sequence[Face]) -> None:
        """Make a picture of a frame, if anybody is to see it."""
        frame, now_s = result.frame, time.monotonic()
        self._sizes[frame.camera] = (frame.width, frame.height)
        back = self._notices.pop(frame.camera, "")
        watched = self._hub.viewers_of(frame.camera) > 0
        interval_s = KEEP_INTERVAL_S if not watched else _interval_s(result.mode)
        if not back and now_s - self._shown_s.get(frame.camera, float("-inf")) < interval_s:
            return
        self._shown_s[frame.camera] = now_s
        bgr = self._pixels(frame)
        if bgr is None:
            return
        if watched:
            jpeg = encode_jpeg(annotate(bgr, faces), self._quality)
            self._hub.put(frame.camera, Picture(lambda: jpeg))
        else:
            kept = bgr.copy()
            self._hub.put(
                frame.camera, Picture(lambda: encode_jpeg(annotate(kept, faces), self._quality))
            )

    def show_notice(self, camera: str, text: str) -> None:
        """Show words in the place of pictures until the next frame comes."""
        if self._notices.get(camera) == text:
            return
        self._notices[camera] = text
        size = self._sizes.get(camera, NOTICE_SIZE)
        self._hub.put(camera, Picture(lambda: encode_jpeg(notice(text, size), self._quality)))

    def _pixels(self, frame: Frame) -> Bgr | None:
        try:
            return np.asarray(frame_pixels(frame, self._rings))
        except SourceError as error:
            log.warning("no picture of frame %d of %s: %s", frame.frame_id, frame.camera, error)
            return None


def _interval_s(mode: str) -> float:
    return LOSSLESS_INTERVAL_S if mode == LOSSLESS else 0.0
