"""From drawn frames to the pictures that viewers get."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field

from common.contract import Mode
from publisher.drawing.frame_drawing import FrameDrawing
from publisher.drawing.look import NOTICE_SIZE, Look
from publisher.drawing.recent_boxes import RecentBoxes
from publisher.faces import PublishedFrame
from publisher.live.encoded_frame import EncodedFrame
from publisher.live.hub import PictureHub

KEEP_INTERVAL_S = 1.0
LOSSLESS_INTERVAL_S = 0.04
"""A lossless run can be far faster than anybody can watch: 25 pictures a second are enough."""


@dataclass(slots=True)
class Shown:
    """What viewers of one camera have been shown last.

    Attributes:
        at_s: When it was a frame, on the monotonic clock.
        notice: Words in the place of pictures; None where it is a frame.
        size: Width and height of the frames.
        recent: Where faces were, for the blur.
    """

    at_s: float = float("-inf")
    notice: str | None = None
    size: tuple[int, int] = NOTICE_SIZE
    recent: RecentBoxes = field(default_factory=RecentBoxes)


class PictureMaker:
    """Encodes a frame once for all viewers of a look, and not at all for none.

    A frame's pixels are gone when it is acknowledged, so a copy is kept: of every frame while
    somebody watches, else once a second for a viewer who comes later, or after the end of the
    source. It is drawn and encoded in a look only when somebody wants that.

    Args:
        hub: Where viewers are.
        quality: Quality of the JPEGs, 0 to 100.
    """

    def __init__(self, hub: PictureHub, quality: int) -> None:
        self._hub = hub
        self._quality = quality
        self._cameras: defaultdict[str, Shown] = defaultdict(Shown)

    def show_frame(self, frame: PublishedFrame, drawing: FrameDrawing) -> None:
        """Make a picture of a frame, if anybody is to see it.

        Raises:
            SourceError: Its pixels are gone.
        """
        camera = self._cameras[frame.camera]
        camera.size = (frame.width, frame.height)
        camera.recent.add_boxes(frame.pts_s, [face.box for face in frame.faces])
        if self._is_due(frame, camera):
            self._hub.put_picture(frame.camera, self._encoded(frame, drawing))

    def show_notice(self, camera: str, text: str) -> None:
        """Show words in the place of pictures until the next frame comes."""
        shown = self._cameras[camera]
        if shown.notice == text:
            return
        shown.notice, size = text, shown.size

        def make(_: Look) -> bytes:
            from publisher.drawing.annotate import encode_jpeg, notice  # noqa: PLC0415 - OpenCV

            return encode_jpeg(notice(text, size), self._quality)

        self._hub.put_picture(camera, EncodedFrame(make))

    def forget(self, camera: str) -> None:
        """Keep nothing of a camera that was taken away."""
        self._cameras.pop(camera, None)
        self._hub.forget(camera)

    def _encoded(self, frame: PublishedFrame, drawing: FrameDrawing) -> EncodedFrame:
        """Return the picture of a frame, with the looks that are watched encoded already."""
        drawing.clean()  # while there are pixels
        hidden = self._cameras[frame.camera].recent.boxes()
        picture = EncodedFrame(lambda look: drawing.jpeg(look, hidden, self._quality), frame)
        for look in self._hub.looks_of(frame.camera):
            picture.jpeg(look)
        return picture

    def _is_due(self, frame: PublishedFrame, camera: Shown) -> bool:
        """Return whether viewers are to have this frame, and take it that they get it."""
        now_s = time.monotonic()
        is_back, camera.notice = camera.notice is not None, None
        watched = self._hub.viewers_of(frame.camera) > 0
        interval_s = LOSSLESS_INTERVAL_S if frame.mode is Mode.LOSSLESS else 0.0
        interval_s = interval_s if watched else KEEP_INTERVAL_S
        if not is_back and now_s - camera.at_s < interval_s:
            return False
        camera.at_s = now_s
        return True
