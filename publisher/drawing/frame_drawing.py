"""The pictures of one frame, for whoever wants one: each is made once, and only then.

OpenCV is imported by the first who wants one drawn: 5 MB that a run without viewers does not need.
"""

from __future__ import annotations

from collections.abc import Sequence

from common.messages import Frame
from common.pixels import Bgr
from common.ring import RingReader
from publisher.drawing.look import Look
from publisher.faces import Box, PublishedFrame


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
            from publisher.drawing.annotate import annotate  # noqa: PLC0415 - as said above

            self._annotated = annotate(self._pixels(), self.shown)
        return self._annotated

    def jpeg(self, look: Look, hidden: Sequence[Box], quality: int) -> bytes:
        """Return the frame as a viewer wants it.

        Args:
            look: What the viewer has chosen.
            hidden: What cannot be recognised where the look is blurred.
            quality: Quality of the JPEG, 0 to 100.

        Raises:
            SourceError: There are no pixels.
        """
        from publisher.drawing.annotate import annotate, encode_jpeg  # noqa: PLC0415 - as said above
        from publisher.drawing.blur import blur  # noqa: PLC0415 - as said above

        if look == Look():
            return encode_jpeg(self.annotated(), quality)
        bgr = blur(self.clean(), hidden) if look.blurred else self.clean()
        return encode_jpeg(annotate(bgr, self.shown) if look.boxes else bgr, quality)

    def _pixels(self) -> Bgr:
        if self._bgr is None:
            self._bgr = self._decoded() if self._frame.picture else self._in_ring()
            self._is_kept = bool(self._frame.picture)
        return self._bgr

    def _in_ring(self) -> Bgr:
        frame = self._frame
        return self._rings.read(frame.ring, frame.slot, frame.height, frame.width)

    def _decoded(self) -> Bgr:
        from common.frames import frame_pixels  # noqa: PLC0415 - as said above

        return frame_pixels(self._frame, self._rings)
