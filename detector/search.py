"""Faces through a sequence of frames: seldom searched everywhere, else where they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.pixels import Pixels
from detector.boxes import SAME_FACE_OVERLAP, distinct_faces, overlap_of_smaller
from detector.detectors import Detector
from detector.plan import EVERYTHING, Plan, SearchPart
from detector.seen_face import SeenFace, boxes_of

MAX_MISSES = 3
"""A face not seen in its window this often in a row is forgotten until the next full search. With
1, recall falls from 0.987 to 0.974, and from 0.991 to 0.957 where only every third frame is seen;
with 5 it stays."""
MAX_UNCONFIRMED = 2
"""A face that this many full searches in a row did not find is forgotten, unless its window showed
it for certain meanwhile: what a window follows may be no face at all. With 1, recall falls from
0.987 to 0.978; with 3 it stays."""


@dataclass(slots=True)
class KnownFace:
    """A face that is followed from frame to frame."""

    face: SeenFace
    misses: int = 0
    confirmed: bool = True
    unconfirmed: int = 0


class FaceSearch:
    """Follows the faces of one camera, or of one run of consecutive frames.

    The faces depend on the detector, the plan and the frames since the last ``reset()`` alone.

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

    def search(self, frame: Pixels) -> list[SeenFace]:
        """Find the faces of the next frame. A frame of another size than the last one resets.

        Args:
            frame: ``(height, width, 3) uint8`` BGR where the detector takes colour, else
                ``(height, width) uint8``.

        Returns:
            The faces seen in this frame.
        """
        if frame.shape != self._shape:
            self.reset()
            self._shape = frame.shape
        self._follow_known(frame)
        place = self._frames_since_reset % len(self._plan)
        part = EVERYTHING if self._frames_since_reset == 0 else self._plan[place]
        if part is not None:
            self._search_for_new(frame, part)
        self._frames_since_reset += 1
        return self._seen()

    def _seen(self) -> list[SeenFace]:
        """Return the faces that were seen in this frame."""
        return [known.face for known in self._known if known.misses == 0]

    def _follow_known(self, frame: Pixels) -> None:
        """Look for each known face around where it was."""
        for known in self._known:
            face = self._detector.find_face_near(frame, known.face)
            if face is None:
                known.misses += 1
            else:
                known.face, known.misses = face, 0
                known.confirmed |= face.certain
        self._known = [known for known in self._known if known.misses < MAX_MISSES]
        self._forget_doubles()

    def _search_for_new(self, frame: Pixels, part: SearchPart) -> None:
        """Search a part or all of the frame: confirm the known faces, and add the new ones."""
        found = self._detector.find_faces(frame, part, boxes_of(self._seen()))
        boxes = boxes_of(found)
        for known in self._known:
            overlaps = overlap_of_smaller(known.face.box, boxes)
            if np.any(overlaps >= SAME_FACE_OVERLAP):
                known.confirmed = True
                if known.misses:
                    known.face, known.misses = found[int(np.argmax(overlaps))], 0
        self._known += [KnownFace(face) for face in found]
        self._forget_doubles()
        if part in (EVERYTHING, self._last_part):
            self._forget_unconfirmed()

    def _forget_unconfirmed(self) -> None:
        """After all parts of a search: forget what too many searches in a row have not found."""
        for known in self._known:
            known.unconfirmed = 0 if known.confirmed else known.unconfirmed + 1
            known.confirmed = False
        self._known = [known for known in self._known if known.unconfirmed < MAX_UNCONFIRMED]

    def _forget_doubles(self) -> None:
        """Where boxes have come to show one face keep one: rather one seen now, then the oldest."""
        self._known.sort(key=lambda known: known.misses > 0)
        kept = distinct_faces(boxes_of([known.face for known in self._known]))
        self._known = [self._known[place] for place in kept]
