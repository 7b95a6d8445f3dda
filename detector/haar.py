"""Faces by the Haar cascade that comes with OpenCV (Viola and Jones, 2001; Lienhart, 2002).

The full search is done in two steps: a coarse pass over the whole frame proposes places, and a fine
pass around each of them decides. The same fine pass follows a face that is already known, where it
asks for less evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from common.errors import ConfigError
from detector.boxes import Box, Boxes, GrayFrame, check_gray_frame, distinct_faces, no_boxes
from detector.settings import SearchSettings

CASCADE_FILE = "haarcascade_frontalface_default.xml"
SECOND_CASCADE_FILE = "haarcascade_frontalface_alt2.xml"
CASCADE_SIDE_PX = 24
"""The cascade was trained on faces of this side and sees nothing smaller."""

COARSE_SCALE = 1.2
COARSE_NEIGHBORS = 2
"""The coarse pass: what it proposes by mistake the fine pass throws out. A scale of 1.1 found no
more and cost half as much again; 3 neighbours proposed 5 % fewer of the labelled faces."""

FINE_SCALE = 1.03
FINE_FACE_PX = 36
"""The fine pass sees each face at about this side, so that its cost does not grow with the face.
OpenCV tries every second pixel for faces below twice the cascade's side and every pixel above, so
that a range on both sides of that counts more detections for larger faces: at 48 px the boxes grew
by an eighth in ten frames of a still picture. The range of ``WIDE`` therefore ends there."""
SMALLEST_FOLLOWED_PX = 16
"""A box that has shrunk below this holds too few pixels to tell a face from anything else."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where the fine pass looks around a box, and for which faces.

    Attributes:
        sides: Side of the window, in sides of the box.
        smallest: Side of the smallest face, in sides of the box.
        largest: Side of the largest face, in sides of the box.
    """

    sides: float
    smallest: float
    largest: float


NARROW = Window(sides=1.4, smallest=0.87, largest=1.15)
"""Tried first: from one frame to the next a face hardly moves."""
WIDE = Window(sides=2.0, smallest=0.75, largest=1.33)
"""For a new face, and for one that the narrow window has lost."""
NEW_FACE_HITS = 4
KNOWN_FACE_HITS = 2
"""Overlapping detections in the fine pass that make a face, for a place where none was known and
for one where the last frame had a face. With 3 for both, 5 % more of the faces are lost where only
every third frame is seen, as in a busy live pipeline."""
SECOND_OPINION_HITS = 1
"""Overlapping detections that the second cascade must add for a new face. It loses one face in 300
and halves what is mistaken for a face in pictures turned upside down."""


def load_cascade(file_name: str) -> cv2.CascadeClassifier:
    """Load one of the cascades that come with OpenCV.

    Raises:
        ConfigError: This OpenCV has no cascades (5.0 and later have not).
    """
    advice = f"OpenCV {cv2.__version__} has no Haar cascades: install 'opencv-python-headless<5'"
    if not hasattr(cv2, "CascadeClassifier"):
        raise ConfigError(advice)
    path = Path(cv2.__file__).parent / "data" / file_name
    if not path.is_file():
        raise ConfigError(f"{advice} ({path} is missing)")
    cascade = cv2.CascadeClassifier(str(path))
    if cascade.empty():
        raise ConfigError(f"{advice} ({path} is empty or damaged)")
    return cascade


class HaarDetector:
    """Finds faces seen from the front."""

    def __init__(self, settings: SearchSettings) -> None:
        self._settings = settings
        self._cascade = load_cascade(CASCADE_FILE)
        self._second_cascade = load_cascade(SECOND_CASCADE_FILE)

    def find_faces(self, gray: GrayFrame) -> Boxes:
        """Search the whole frame.

        Args:
            gray: ``(height, width) uint8``.

        Returns:
            ``(n, 4) int32`` in pixels of this frame, the most certain first.
        """
        check_gray_frame(gray)
        scored = [self._examine(gray, box) for box in self._propose(gray)]
        certain = [(hits, tuple(box)) for hits, box in scored if hits]
        if not certain:
            return no_boxes()
        # Sorted by evidence, then place: OpenCV's own order depends on its threads.
        certain.sort(key=lambda scored_box: (-scored_box[0], scored_box[1]))
        boxes = np.array([box for _, box in certain], np.int32)
        return boxes[distinct_faces(boxes)]

    def find_face_near(self, gray: GrayFrame, box: Box) -> Box | None:
        """Search a window around a box that showed a face in an earlier frame.

        Args:
            gray: ``(height, width) uint8``.
            box: ``(4,) int32``, x, y, width, height in pixels of this frame.

        Returns:
            ``(4,) int32``, or None where the face is no longer seen.
        """
        check_gray_frame(gray)
        if min(box[2:]) < SMALLEST_FOLLOWED_PX:
            return None
        for window in (NARROW, WIDE):
            hits, found = _best_in_window(self._cascade, gray, box, window)
            if hits >= KNOWN_FACE_HITS:
                return found
        return None

    def _propose(self, gray: GrayFrame) -> Boxes:
        """Return the places of the coarse pass, in full-resolution pixels."""
        height, width = gray.shape
        shrink = min(1.0, self._settings.search_width_px / width)
        if shrink < 1:
            size = (self._settings.search_width_px, max(1, round(height * shrink)))
            gray = _resize(gray, size)
        side = max(CASCADE_SIDE_PX, round(self._settings.min_face * height * shrink))
        if min(gray.shape) < side:
            return no_boxes()
        places = self._cascade.detectMultiScale(
            gray,
            scaleFactor=COARSE_SCALE,
            minNeighbors=COARSE_NEIGHBORS,
            minSize=(side, side),
        )
        proposed: Boxes = np.rint(np.reshape(places, (-1, 4)) / shrink).astype(np.int32)
        return proposed

    def _examine(self, gray: GrayFrame, box: Box) -> tuple[int, Box]:
        """Look closely at a proposed place: hits and the box, 0 hits where there is no face."""
        hits, found = _best_in_window(self._cascade, gray, box, WIDE)
        if hits < NEW_FACE_HITS:
            return 0, found
        second_hits, _ = _best_in_window(self._second_cascade, gray, box, WIDE)
        return (hits if second_hits >= SECOND_OPINION_HITS else 0), found


def _best_in_window(
    cascade: cv2.CascadeClassifier, gray: GrayFrame, box: Box, window: Window
) -> tuple[int, Box]:
    """Return the face with the most overlapping detections around a box, and their number."""
    height, width = gray.shape
    x, y, box_width, box_height = box.tolist()
    reach = window.sides * box_width / 2
    centre_x, centre_y = x + box_width / 2, y + box_height / 2
    left, top = max(0, round(centre_x - reach)), max(0, round(centre_y - reach))
    right, bottom = min(width, round(centre_x + reach)), min(height, round(centre_y + reach))
    scale = FINE_FACE_PX / box_width
    size = (round((right - left) * scale), round((bottom - top) * scale))
    if min(size) < CASCADE_SIDE_PX:
        return 0, box
    faces, hits = cascade.detectMultiScale2(
        _resize(gray[top:bottom, left:right], size),
        scaleFactor=FINE_SCALE,
        minNeighbors=1,
        minSize=(round(FINE_FACE_PX * window.smallest),) * 2,
        maxSize=(round(FINE_FACE_PX * window.largest),) * 2,
    )
    if len(faces) == 0:
        return 0, box
    # The place settles a draw: OpenCV's own order depends on its threads.
    best = max(range(len(faces)), key=lambda i: (hits[i], tuple(faces[i])))
    found: Box = np.rint(np.asarray(faces[best]) / scale + (left, top, 0, 0)).astype(np.int32)
    return int(hits[best]), found


def _resize(gray: GrayFrame, size_px: tuple[int, int]) -> GrayFrame:
    """Return the picture at (width, height)."""
    interpolation = cv2.INTER_AREA if size_px[0] < gray.shape[1] else cv2.INTER_LINEAR
    return cv2.resize(gray, size_px, interpolation=interpolation).astype(np.uint8, copy=False)
