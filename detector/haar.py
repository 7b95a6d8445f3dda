"""Faces by the Haar cascades that come with OpenCV (Viola and Jones, 2001; Lienhart, 2002).

A full search is done in two steps: a coarse pass over the whole frame proposes places, and a close
look at each of them decides. The same close look follows a face that is already known, where it
asks for less evidence. The recall quoted here is on the ten clips of ``benchmarks.detection``, on
which the constants were also chosen: 231 labelled faces, so that a point is two or three of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from common.face_model import Boxes, no_boxes
from common.opencv import cv2
from common.pixels import Gray
from detector.boxes import (
    SAME_FACE_OVERLAP,
    Box,
    check_gray_frame,
    distinct_faces,
    overlap_of_smaller,
)
from detector.cascade import CASCADE_SIDE_PX, DEFAULT_CASCADE, SECOND_CASCADE, load_cascade
from detector.config import DetectorConfig
from detector.plan import EVERYTHING, SearchPart
from detector.resize import rescale
from detector.seen_face import SeenFace, Square, square_around
from detector.window import NARROW, WIDE, best_in_window

SEARCH_WIDTH_PX = 960
COARSE_SCALE = 1.2
COARSE_NEIGHBORS = 1
"""The coarse pass: what it proposes by mistake the close look throws out. With 2 neighbours 0.728
of 600 composed faces are found instead of 0.755; a scale of 1.1 costs half as much again."""

NEW_FACE_HITS = 3
KNOWN_FACE_HITS = 2
"""Overlapping detections that make a face, for a place where none was known and for one where the
last frame had a face. With 3 for a known one, recall falls from 0.991 to 0.983 where only every
third frame is seen, as in a busy live pipeline."""
SECOND_OPINION_HITS = 2
"""Overlapping detections a second cascade must add for a new face. With 4, three of a hundred
composed faces are lost; without it, in 435 pictures without an upright face (frames on their side
or upside down, textures), 0.21 a picture were mistaken for one instead of 0.08."""
CERTAIN_HITS = 8
"""Overlapping detections that confirm a face where it is followed. Without, full searches in parts
lost one face of the clips for ten frames, at a size between two parts."""

PARTS = (
    SearchPart(1.0, 1.4),
    SearchPart(1.4, 2.0),
    SearchPart(2.0, 4.0, shrink=2),
    SearchPart(4.0, shrink=4),
)
"""11, 7, 6 and 3 ms, where ``EVERYTHING`` takes 51. OpenCV tries every second place for faces below
twice the cascade's side, and every place for larger ones; in a picture of half the sides those are
below it too. So few places are tried there that each detection proposes one. Of 600 composed faces
one search by these parts finds 430 instead of 453; but live the next is a third of a second away,
and of the clips' faces as many are found. With four parts most frames have none, and with more the
median of a picture's age is longer."""
GROUP_EPS = 0.2
"""By how much of their sides detections of one place may differ; OpenCV's own."""

SMALLEST_FOLLOWED_PX = 16
"""A box that has shrunk below this holds too few pixels to tell a face from anything else."""
NARROW_SHIFT, NARROW_CHANGE = 0.15, 0.05
"""A face that moved or changed by more than this share of its side is looked for in the wide window
too: in the narrow one only smaller boxes fit beside its edge, and the box falls behind the face."""

CROP_MARGIN = 0.02
"""Fraction of the box's side that a crop adds on each side: the boxes of composed faces have 0.963
of the image's side (median; 0.785 to 1.098 from the 10th to the 90th percentile) and its centre
(``benchmarks.framing``)."""


class HaarDetector:
    """Finds faces seen from the front."""

    colour = False
    parts: tuple[SearchPart, ...] = PARTS
    model: Path | None = None

    def __init__(self, config: DetectorConfig) -> None:
        self._search_width_px = config.search_width_px or SEARCH_WIDTH_PX
        self._min_face = config.min_face
        self._cascade = load_cascade(DEFAULT_CASCADE)
        self._second_cascade = load_cascade(SECOND_CASCADE)

    def find_faces(
        self, gray: Gray, part: SearchPart = EVERYTHING, known: Boxes | None = None
    ) -> list[SeenFace]:
        """Search the whole frame or a part of it.

        Args:
            gray: ``(height, width) uint8``.
            part: Which faces to look for.
            known: ``(n, 4) int32``, faces that were followed to this frame. To see one of them
                again takes no close look, which would be 7 to 9 ms.

        Returns:
            The faces, the most certain first.
        """
        check_gray_frame(gray)
        known = no_boxes() if known is None else known
        examined = [self._examine(gray, box, known) for box in self._propose(gray, part)]
        # Sorted by evidence, then place: OpenCV's own order depends on its threads.
        certain = sorted((-hits, tuple(box.tolist())) for hits, box in examined if hits)
        if not certain:
            return []
        boxes = np.array([box for _, box in certain], np.int32)
        return [SeenFace(boxes[place]) for place in distinct_faces(boxes)]

    def find_face_near(self, gray: Gray, face: SeenFace) -> SeenFace | None:
        """Search a window around a face of an earlier frame.

        Args:
            gray: ``(height, width) uint8``.
            face: The face as it was.

        Returns:
            The face, or None where it is no longer seen.
        """
        check_gray_frame(gray)
        box = face.box
        if min(box[2:]) < SMALLEST_FOLLOWED_PX:
            return None
        hits, found = best_in_window(self._cascade, gray, box, NARROW)
        if hits < KNOWN_FACE_HITS or not _stayed(box, found):
            hits, found = best_in_window(self._cascade, gray, box, WIDE)
        return SeenFace(found, certain=hits >= CERTAIN_HITS) if hits >= KNOWN_FACE_HITS else None

    def crop_square(self, face: SeenFace) -> Square:
        """Return the square around a box, widened on each side by ``CROP_MARGIN`` of its side."""
        return square_around(face.box, CROP_MARGIN)

    def _propose(self, gray: Gray, part: SearchPart) -> Boxes:
        """Return the places of the coarse pass, in full-resolution pixels."""
        height, width = gray.shape
        shrink = min(1.0, self._search_width_px / width)
        side = max(CASCADE_SIDE_PX, round(self._min_face * height * shrink)) / part.shrink
        shrink /= part.shrink
        gray = rescale(gray, shrink)
        smallest = round(side * part.smallest)
        largest = round(min(side * part.largest, *gray.shape))
        if largest < smallest:
            return no_boxes()
        left, right = part.columns(gray.shape[1], largest)
        places = self._cascade.detectMultiScale(
            gray[:, left:right],
            scaleFactor=COARSE_SCALE,
            minNeighbors=COARSE_NEIGHBORS if part.shrink == 1 else 0,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        if part.shrink > 1:  # OpenCV groups none that are alone, so all are there twice
            places, _ = cv2.groupRectangles([*places, *places], COARSE_NEIGHBORS, GROUP_EPS)
        boxes = (np.reshape(places, (-1, 4)) + np.array([left, 0, 0, 0])) / shrink
        proposed: Boxes = np.rint(boxes).astype(np.int32)
        return proposed

    def _examine(self, gray: Gray, box: Box, known: Boxes) -> tuple[int, Box]:
        """Look closely at a proposed place: hits and the box, 0 hits where there is no face."""
        if np.any(overlap_of_smaller(box, known) >= SAME_FACE_OVERLAP):
            return NEW_FACE_HITS, box
        hits, found = best_in_window(self._cascade, gray, box, WIDE)
        if hits < NEW_FACE_HITS:
            return 0, found
        second_hits, _ = best_in_window(self._second_cascade, gray, box, WIDE)
        return (hits if second_hits >= SECOND_OPINION_HITS else 0), found


def _stayed(box: Box, found: Box) -> bool:
    """Return whether a face is about where and as large as it was."""
    side = float(box[2])
    shift = np.abs((found[:2] + found[2:] / 2) - (box[:2] + box[2:] / 2)).max()
    change = abs(float(found[2]) - side)
    return bool(shift <= NARROW_SHIFT * side and change <= NARROW_CHANGE * side)
