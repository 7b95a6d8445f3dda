"""The pictures of one frame, for whoever wants one: each is made once, and only then."""

from __future__ import annotations

from common.frames import frame_pixels
from common.messages import Frame
from common.pixels import Bgr
from common.ring import RingReader
from publisher.drawing.annotate import annotate
from publisher.faces import PublishedFrame


class FrameDrawing:
    """A frame's pixels, and the same with its faces; nobody may write to either.

    Pixels of a ring are void once their frame is acknowledged. Until then whoever is to have a
    picture of the frame must have asked for one: what is returned stays good.

    Args:
        frame: The frame as it came.
        published: The same with its faces.
        rings: Where its pixels may be.
    """

    def __init__(self, frame: Frame, published: PublishedFrame, rings: RingReader) -> None:
        self._frame = frame
        self._rings = rings
        self._is_kept = False
        self._bgr: Bgr | None = None
        self._annotated: Bgr | None = None
        self.shown = published.shown

    def clean(self) -> Bgr:
        """Return the pixels without faces, in memory of their own.

        Raises:
            SourceError: There are none.
        """
        bgr = self._pixels()
        if not self._is_kept:
            self._bgr = bgr = bgr.copy()
            self._is_kept = True
        return bgr

    def annotated(self) -> Bgr:
        """Return the pixels with the faces that are shown.

        Raises:
            SourceError: There are none.
        """
        if self._annotated is None:
            self._annotated = annotate(self._pixels(), self.shown)
        return self._annotated

    def _pixels(self) -> Bgr:
        if self._bgr is None:
            self._bgr = frame_pixels(self._frame, self._rings)
            self._is_kept = bool(self._frame.jpeg)
        return self._bgr
