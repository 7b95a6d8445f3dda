"""Faces through a sequence of frames: seldom searched everywhere, else where they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.boxes import (
    SAME_FACE_OVERLAP,
    Box,
    Boxes,
    GrayFrame,
    check_gray_frame,
    merge_boxes,
    no_boxes,
    overlap_of_smaller,
)
from detector.detectors import Detector
from detector.settings import SearchSettings

MAX_MISSES = 3
"""A face not seen in its window this often in a row is forgotten until the next full search."""
MAX_UNCONFIRMED = 2
"""A face that this many full searches in a row did not find is forgotten: what a window follows
may be no face at all."""


@dataclass(slots=True)
class KnownFace:
    """A face that is followed from frame to frame."""

    box: Box
    misses: int = 0
    unconfirmed: int = 0


class FaceSearch:
    """Follows the faces of one camera, or of one run of consecutive frames.

    The boxes depend on the detector and on the frames since the last ``reset()`` alone.
    """

    def __init__(self, detector: Detector, settings: SearchSettings) -> None:
        self._detector = detector
        self._interval_frames = settings.interval_frames
        self._known: list[KnownFace] = []
        self._shape = (0, 0)
        self._frames_since_reset = 0

    def reset(self) -> None:
        """Forget all faces. The next frame is searched in full."""
        self._known = []
        self._frames_since_reset = 0

    def search(self, gray: GrayFrame) -> Boxes:
        """Find the faces of the next frame. A frame of another size than the last one resets.

        Args:
            gray: ``(height, width) uint8``.

        Returns:
            ``(n, 4) int32``, the faces seen in this frame, in its pixels.
        """
        check_gray_frame(gray)
        if gray.shape != self._shape:
            self.reset()
            self._shape = gray.shape
        self._follow_known(gray)
        if self._frames_since_reset % self._interval_frames == 0:
            self._search_everywhere(gray)
        self._frames_since_reset += 1
        return merge_boxes(_stack([face.box for face in self._known if face.misses == 0]))

    def _follow_known(self, gray: GrayFrame) -> None:
        """Look for each known face around its last box."""
        for face in self._known:
            box = self._detector.find_face_near(gray, face.box)
            if box is None:
                face.misses += 1
            else:
                face.box, face.misses = box, 0
        self._known = [face for face in self._known if face.misses < MAX_MISSES]
        self._forget_doubles()

    def _search_everywhere(self, gray: GrayFrame) -> None:
        """Search the whole frame: confirm the known faces, and add the new ones."""
        found = self._detector.find_faces(gray)
        for face in self._known:
            confirmed = bool(np.any(overlap_of_smaller(face.box, found) >= SAME_FACE_OVERLAP))
            face.unconfirmed = 0 if confirmed else face.unconfirmed + 1
        self._known = [face for face in self._known if face.unconfirmed < MAX_UNCONFIRMED]
        # A face lost in its window and found again here is a new one.
        self._known = [face for face in self._known if face.misses == 0]
        self._known += [KnownFace(box) for box in found]
        self._forget_doubles()

    def _forget_doubles(self) -> None:
        """Keep the oldest of the known faces whose boxes have come to show the same face."""
        kept = merge_boxes(_stack([face.box for face in self._known])).tolist()
        self._known = [face for face in self._known if face.box.tolist() in kept]


def _stack(boxes: list[Box]) -> Boxes:
    """Return ``(n, 4) int32``, also for no boxes."""
    return np.stack(boxes) if boxes else no_boxes()
