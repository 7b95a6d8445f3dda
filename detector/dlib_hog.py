"""Faces by dlib's detector: histograms of oriented gradients (Dalal and Triggs, 2005; King, 2015).

It comes with ``pip install '.[dlib]'``. It sees faces from the front of 80 pixels and more, in the
frame as it is scaled for a full search.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from common.errors import ConfigError
from common.face_model import Boxes
from common.pixels import Gray
from detector.boxes import Box, check_gray_frame
from detector.config import DetectorConfig
from detector.plan import EVERYTHING, SearchPart
from detector.resize import rescale, search_scale
from detector.seen_face import SeenFace, Square, square_around

SEARCH_WIDTH_PX = 640
NEW_FACE_SCORE = 0.0
KNOWN_FACE_SCORE = -0.3
"""Distances from the separating plane; dlib's own threshold is 0."""
WINDOW_SIDES = 2.0
"""Side of the window around a face, in sides of its box."""
WINDOW_PX = 192
"""Each face is followed at this size of its window, about 96 px."""
CROP_MARGIN = 0.07
"""Fraction of the box's side that a crop adds on each side."""
CROP_UP = 0.06
"""How far a crop's centre is above that of the box, in its sides. With both, crops of 153 composed
faces have 1.000 of the image's side (median) and its centre (``benchmarks.framing``)."""


class DlibDetector:
    """Finds faces seen from the front."""

    colour = False
    parts: tuple[SearchPart, ...] = (EVERYTHING,)
    model: Path | None = None

    def __init__(self, config: DetectorConfig) -> None:
        try:
            import dlib  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ConfigError(
                "DETECTOR=dlib: it is not installed; pip install '.[dlib]'"
            ) from error
        self._search_width_px = config.search_width_px or SEARCH_WIDTH_PX
        self._min_face = config.min_face
        self._detector = dlib.get_frontal_face_detector()

    def find_faces(
        self, gray: Gray, part: SearchPart = EVERYTHING, known: Boxes | None = None
    ) -> list[SeenFace]:
        """Search the whole frame.

        Args:
            gray: ``(height, width) uint8``.
            part: Always everything.
            known: Makes no difference.

        Returns:
            The faces, the most certain first.
        """
        del part, known
        check_gray_frame(gray)
        smallest = self._min_face * gray.shape[0]
        scale = search_scale(gray.shape, self._search_width_px)
        found = self._find(gray, scale, NEW_FACE_SCORE)
        return [SeenFace(box) for box in found if min(box[2:]) >= smallest]

    def find_face_near(self, gray: Gray, face: SeenFace) -> SeenFace | None:
        """Search a window around a face of an earlier frame.

        Args:
            gray: ``(height, width) uint8``.
            face: The face as it was.

        Returns:
            The face, or None where it is no longer seen.
        """
        check_gray_frame(gray)
        x, y, width, height = face.box.tolist()
        reach = WINDOW_SIDES * max(width, height) / 2
        centre_x, centre_y = x + width / 2, y + height / 2
        left, top = max(0, math.floor(centre_x - reach)), max(0, math.floor(centre_y - reach))
        right, bottom = math.ceil(centre_x + reach), math.ceil(centre_y + reach)
        window = gray[top:bottom, left:right]
        found = self._find(window, WINDOW_PX / (2 * reach), KNOWN_FACE_SCORE)
        return SeenFace(found[0] + np.array([left, top, 0, 0], np.int32)) if found else None

    def crop_square(self, face: SeenFace) -> Square:
        """Return the square around a box, widened, and moved up to the middle of the face."""
        square = square_around(face.box, CROP_MARGIN)
        return replace(square, top=square.top - round(CROP_UP * square.side))

    def _find(self, gray: Gray, scale: float, min_score: float) -> list[Box]:
        """Return the faces in a picture seen at a scale, the most certain first."""
        found, scores, _ = self._detector.run(rescale(gray, scale), 0, min_score)
        boxes = [(box.left(), box.top(), box.width(), box.height()) for box in found]
        ranked = sorted(zip((-score for score in scores), boxes, strict=True))
        return [np.rint(np.array(box) / scale).astype(np.int32) for _, box in ranked]
