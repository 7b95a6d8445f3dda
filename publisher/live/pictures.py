"""From results to the pictures that viewers get."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from common.contract import Mode
from common.errors import SourceError
from common.frames import frame_pixels
from common.messages import Frame, Result
from common.pixels import Bgr
from common.ring import RingReader
from publisher.drawing.annotate import NOTICE_SIZE, annotate, encode_jpeg, notice
from publisher.drawing.blur import RecentBoxes, blur
from publisher.drawing.look import Look
from publisher.faces import Face
from publisher.live.hub import EncodedFrame, PictureHub
from publisher.recording.recordings import Recordings

KEEP_INTERVAL_S = 1.0
LOSSLESS_INTERVAL_S = 0.04
"""A lossless run can be far faster than anybody can watch: 25 pictures a second are enough."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Shown:
    """What viewers of one camera have been shown last.

    Attributes:
        at_s: When it was a frame, on the monotonic clock.
        notice: Words in the place of pictures; empty where it is a frame.
        size: Of the frames, as (width, height).
        recent: Where faces were, for the blur.
    """

    at_s: float = float("-inf")
    notice: str = ""
    size: tuple[int, int] = NOTICE_SIZE
    recent: RecentBoxes = field(default_factory=RecentBoxes)


class PictureMaker:
    """Draws a frame once for all viewers of a look, and not at all for none.

    A frame's pixels are gone when it is acknowledged, so a copy is kept: of every frame while
    somebody watches, else once a second for a viewer who comes later, or after the end of the
    source. It is drawn and encoded in a look only when somebody wants that.

    Args:
        hub: Where viewers are.
        quality: Of the JPEGs, 0 to 100.
        recordings: Which get every frame.
    """

    def __init__(self, hub: PictureHub, quality: int, recordings: Recordings) -> None:
        self._hub = hub
        self._quality = quality
        self._recordings = recordings
        self._rings = RingReader()
        self._cameras: defaultdict[str, Shown] = defaultdict(Shown)

    def show(self, result: Result, faces: Sequence[Face]) -> None:
        """Make a picture of a frame, if anybody is to see it or it is recorded."""
        frame = result.frame
        camera = self._cameras[frame.camera]
        camera.size = (frame.width, frame.height)
        camera.recent.add(frame.pts_s, [face.box for face in faces])
        is_due = self._is_due(result)
        if not is_due and not self._recordings.wants_any:
            return
        bgr = self._pixels(frame)
        if bgr is None:
            return
        shown = [face for face in faces if face.shown]
        drawn = annotate(bgr, shown) if self._recordings.wants_annotated else None
        self._recordings.add(result, bgr, drawn)
        if is_due:
            self._hub.put(frame.camera, self._picture(frame.camera, bgr.copy(), shown, drawn))

    def show_notice(self, camera: str, text: str) -> None:
        """Show words in the place of pictures until the next frame comes."""
        shown = self._cameras[camera]
        if shown.notice == text:
            return
        shown.notice, size = text, shown.size
        self._hub.put(
            camera, EncodedFrame(lambda _look: encode_jpeg(notice(text, size), self._quality))
        )

    def forget(self, camera: str) -> None:
        """Keep nothing of a camera that was taken away."""
        self._cameras.pop(camera, None)
        self._hub.forget(camera)

    def _picture(
        self, camera: str, bgr: Bgr, shown: Sequence[Face], drawn: Bgr | None
    ) -> EncodedFrame:
        """Make a picture, with the looks that are watched encoded already.

        ``drawn`` is that of the usual look, where a recording needed it.
        """
        recent = self._cameras[camera].recent.boxes()

        def make(look: Look) -> bytes:
            if drawn is not None and look == Look():
                return encode_jpeg(drawn, self._quality)
            hidden = blur(bgr, recent) if look.blurred else bgr
            return encode_jpeg(annotate(hidden, shown) if look.boxes else hidden, self._quality)

        picture = EncodedFrame(make)
        for look in self._hub.looks_of(camera):
            picture.jpeg(look)
        return picture

    def _is_due(self, result: Result) -> bool:
        """Tell whether viewers are to have this frame, and take it that they get it."""
        camera, now_s = result.frame.camera, time.monotonic()
        shown = self._cameras[camera]
        is_back, shown.notice = bool(shown.notice), ""
        watched = self._hub.viewers_of(camera) > 0
        interval_s = _interval_s(result.mode) if watched else KEEP_INTERVAL_S
        if not is_back and now_s - shown.at_s < interval_s:
            return False
        shown.at_s = now_s
        return True

    def _pixels(self, frame: Frame) -> Bgr | None:
        try:
            return np.asarray(frame_pixels(frame, self._rings))
        except SourceError as error:
            log.warning("no picture of frame %d of %s: %s", frame.frame_id, frame.camera, error)
            return None


def _interval_s(mode: str) -> float:
    return LOSSLESS_INTERVAL_S if mode is Mode.LOSSLESS else 0.0
