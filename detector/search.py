"""Faces through a sequence of frames: seldom searched everywhere, else where they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.face_model import Boxes, no_boxes
from common.pixels import Gray
from detector.boxes import (
    SAME_FACE_OVERLAP,
    Box,
    check_gray_frame,
    distinct_faces,
    overlap_of_smaller,
)
from detector.detectors import Detector
from detector.plan import EVERYTHING, Plan, SearchPart

MAX_MISSES = 3
"""A face not seen in its window this often in a row is forgotten until the next full search. With
1, recall falls from 0.987 to 0.974, and from 0.991 to 0.957 where only every third frame is seen;
with 5 it stays."""
MAX_UNCONFIRMED = 2
"""A face that this many full searches in a row did not find is forgotten: what a window follows
may be no face at all. With 1, recall falls from 0.987 to 0.978; with 3 it stays."""


@dataclass(slots=True)
class KnownFace:
    """A face that is followed from frame to frame."""

    box: Box
    misses: int = 0
    confirmed: bool = True
    unconfirmed: int = 0


class FaceSearch:
    """Follows the faces of one camera, or of one run of consecutive frames.

    The boxes depend on the detector, the plan and the frames since the last ``reset()`` alone.

    Args:
        detector: Looks at single frames.
        plan: What is searched for in which frame.
    """

    def __init__(self, detector: Detector, plan: Plan) -> None:
        self._detector = detector
        self._plan = plan
        self._last_part = [part for part in plan if part is not None][-1]
        self._known: list[KnownFace] = []
        self._shape: tuple[int, ...] = (0, 0)
        self._frames_since_reset = 0

    def reset(self) -> None:
        """Forget all faces. The next frame is searched for everything, then the plan begins."""
        self._known = []
        self._frames_since_reset = 0

    def search(self, gray: Gray) -> Boxes:
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
        place = self._frames_since_reset % len(self._plan)
        part = EVERYTHING if self._frames_since_reset == 0 else self._plan[place]
        if part is not None:
            self._search_for_new(gray, part)
        self._frames_since_reset += 1
        return _stack([face.box for face in self._known if face.misses == 0])

    def _follow_known(self, gray: Gray) -> None:
        """Look for each known face around its last box."""
        for face in self._known:
            box = self._detector.find_face_near(gray, face.box)
            if box is None:
                face.misses += 1
            else:
                face.box, face.misses = box, 0
        self._known = [face for face in self._known if face.misses < MAX_MISSES]
        self._forget_doubles()

    def _search_for_new(self, gray: Gray, part: SearchPart) -> None:
        """Search a part or all of the frame: confirm the known faces, and add the new ones."""
        seen = _stack([face.box for face in self._known if face.misses == 0])
        found = self._detector.find_faces(gray, part, seen)
        for face in self._known:
            overlaps = overlap_of_smaller(face.box, found)
            if np.any(overlaps >= SAME_FACE_OVERLAP):
                face.confirmed = True
                if face.misses:
                    face.box, face.misses = found[np.argmax(overlaps)], 0
        self._known += [KnownFace(box) for box in found]
        self._forget_doubles()
        if part in (EVERYTHING, self._last_part):
            self._forget_unconfirmed()

    def _forget_unconfirmed(self) -> None:
        """After all parts of a search: forget what too many searches in a row have not found."""
        for face in self._known:
            face.unconfirmed = 0 if face.confirmed else face.unconfirmed + 1
            face.confirmed = False
        self._known = [face for face in self._known if face.unconfirmed < MAX_UNCONFIRMED]

    def _forget_doubles(self) -> None:
        """Where boxes have come to show one face keep one: rather one seen now, then the oldest."""
        self._known.sort(key=lambda face: face.misses > 0)
        kept = distinct_faces(_stack([face.box for face in self._known]))
        self._known = [self._known[place] for place in kept]


def _stack(boxes: list[Box]) -> Boxes:
    """Return ``(n, 4) int32``, also for no boxes."""
    return np.stack(boxes) if boxes else no_boxes()
