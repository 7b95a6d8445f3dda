"""Faces by YuNet, a small neural network that gives five landmarks with each face.

As with Haar, a full search proposes places and a close look at each decides; the same close look
follows a face that is known. It shows the network each face at the same size and, where the head
is tilted, upright: the landmarks of a face of 80 px show a third of its tilt, and those of one that
is tilted by 45 degrees half of it (docs/decisions.md).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from common.face_model import Boxes, no_boxes
from common.opencv import cv2
from common.pixels import Bgr
from detector.boxes import SAME_FACE_OVERLAP, overlap_of_smaller
from detector.config import DetectorConfig
from detector.crops import cut_square, is_inside
from detector.plan import EVERYTHING, SearchPart
from detector.resize import rescale, resize, search_scale
from detector.seen_face import Landmarks, SeenFace, Square
from detector.yunet_network import GRID_PX, YuNet, bundled_file

SEARCH_WIDTH_PX = 640
PROPOSED_SCORE = 0.4
NEW_FACE_SCORE = 0.6
"""Scores that the full search and the close look ask for. With 0.6 for both, the search found 0.950
instead of 0.963 of 400 composed faces and 0.703 instead of 0.797 of those tilted by 30 degrees; no
false face was added."""
KNOWN_FACE_SCORE = 0.5

LARGE = 2.0
PARTS = (
    SearchPart(LARGE),
    SearchPart(1.0, 2 * LARGE, right=1 / 3),
    SearchPart(1.0, 2 * LARGE, left=1 / 3, right=2 / 3),
    SearchPart(1.0, 2 * LARGE, left=2 / 3),
)
"""The large faces take a quarter of the pixels, and the small ones are looked for in strips: 2.0 to
3.8 ms for each part of a frame of 640x480 and 7.6 for all of it at once."""

WINDOW_SIDES = 1.2
"""Side of the window around a face, in sides of its box: enough for faces that move, also where
only every sixth frame is seen (recall 1.000 on all twelve videos)."""
WINDOW_PX = 192
"""The window is shown to the network at this size: the face has 160 px, where tilt is seen best."""
FOLLOWED_SHIFT = 0.5
"""A face whose centre is further away than this share of its side is another."""
TILTED_DEG = 3.0
"""Windows and crops of heads tilted by less are not turned."""
STEADY_DEG = 3.0
MAX_LOOKS = 4
"""A new face is looked at until its tilt is known to within ``STEADY_DEG``, or this often."""

MAX_FRAMES = 2
"""No face's box is so many times as long as the frame."""

CROP_SIDES = 1.87
"""Side of what a crop shows: so many times the hypotenuse over the distance between the eyes and
that from eyes to mouth, which says how large a face is also where it is turned."""
CROP_UP = 0.07
"""How far a crop's centre is above that of eyes and mouth, in its sides. With both, crops of 664
composed faces have 1.009 of the image's side (median) and its centre (``benchmarks.framing``)."""


class YuNetDetector:
    """Finds faces, also turned and tilted ones, with their landmarks."""

    colour = True
    parts: tuple[SearchPart, ...] = PARTS

    def __init__(self, config: DetectorConfig) -> None:
        self._search_width_px = config.search_width_px or SEARCH_WIDTH_PX
        self._min_face = config.min_face
        path = config.model or bundled_file()
        self.model: Path | None = path
        self._network = YuNet(path)

    def find_faces(
        self, bgr: Bgr, part: SearchPart = EVERYTHING, known: Boxes | None = None
    ) -> list[SeenFace]:
        """Search the whole frame or a part of it.

        Args:
            bgr: ``(height, width, 3) uint8``.
            part: Which faces to look for.
            known: ``(n, 4) int32``, faces that were followed to this frame: they have been looked
                at closely.

        Returns:
            The faces, the most certain first.
        """
        known = no_boxes() if known is None else known
        faces = []
        for face in self._propose(bgr, part):
            if np.any(overlap_of_smaller(face.box, known) >= SAME_FACE_OVERLAP):
                faces.append(face)
            elif (closely := self._examine(bgr, face)) is not None:
                faces.append(closely)
        return faces

    def find_face_near(self, bgr: Bgr, face: SeenFace) -> SeenFace | None:
        """Search a window around a face of an earlier frame.

        Args:
            bgr: ``(height, width, 3) uint8``.
            face: The face as it was.

        Returns:
            The face, or None where it is no longer seen.
        """
        return self._look(bgr, face, KNOWN_FACE_SCORE)

    def crop_square(self, face: SeenFace) -> Square:
        """Return the square around eyes and mouth, turned with a head that is tilted."""
        (eyes_x, eyes_y), across, (down_x, down_y) = _axes(face)
        side = CROP_SIDES * math.hypot(*across, down_x, down_y)
        tilt_deg = _tilt_deg(face)
        up, tilt = CROP_UP * side, math.radians(tilt_deg)
        centre_x = eyes_x + down_x / 2 + up * math.sin(tilt)
        centre_y = eyes_y + down_y / 2 - up * math.cos(tilt)
        return _square(centre_x, centre_y, side, tilt_deg)

    def _propose(self, bgr: Bgr, part: SearchPart) -> list[SeenFace]:
        """Search the frame; the smallest faces of a part have as many pixels as those of any."""
        scale = self._search_scale(bgr) / part.smallest
        smallest, largest = (
            self._min_face * bgr.shape[0] * side for side in (part.smallest, part.largest)
        )
        left, right = part.columns(bgr.shape[1], round(min(largest, *bgr.shape[:2])))
        shown = rescale(bgr[:, left:right], scale)
        found = self._network.find(_on_grid(shown), PROPOSED_SCORE)
        proposed = zip(
            found.boxes / scale + (left, 0, 0, 0), found.landmarks / scale + (left, 0), strict=True
        )
        faces = [self._face_in(bgr, box, landmarks) for box, landmarks in proposed]
        return [
            face for face in faces if face is not None and smallest <= max(face.box[2:]) <= largest
        ]

    def _examine(self, bgr: Bgr, face: SeenFace) -> SeenFace | None:
        """Look closely at a proposed face, until it is known how its head is tilted."""
        seen = None
        for _ in range(MAX_LOOKS):
            closely = self._look(bgr, face, NEW_FACE_SCORE)
            if closely is None:
                break
            seen, before_deg, face = closely, roll_deg(face), closely
            if abs(roll_deg(seen) - before_deg) < STEADY_DEG:
                break
        return seen

    def _look(self, bgr: Bgr, face: SeenFace, min_score: float) -> SeenFace | None:
        """Look closely at one place; once more as the full search sees it, if nothing is there."""
        longest = int(max(face.box[2:]))
        side = WINDOW_SIDES * longest
        seen = self._look_through(bgr, face, side, WINDOW_PX, min_score)
        if seen is not None:
            return seen
        side_px = GRID_PX * math.ceil(side * self._search_scale(bgr) / GRID_PX)
        return self._look_through(bgr, face, side, side_px, min_score)

    def _look_through(
        self, bgr: Bgr, face: SeenFace, side: float, window_px: int, min_score: float
    ) -> SeenFace | None:
        """Look at a window of a side in the frame, shown at a size; return the nearest face."""
        centre = face.box[:2] + face.box[2:] / 2
        centre_x, centre_y = centre.tolist()
        square = _square(centre_x, centre_y, side, _tilt_deg(face))
        if not is_inside(square, bgr.shape):
            return None
        window = resize(cut_square(bgr, square), (window_px, window_px))
        found = self._network.find(window, min_score)
        if not len(found.scores):
            return None
        scale = square.side / window_px
        sides = found.boxes[:, 2:] * scale
        middles = _to_frame(found.boxes[:, :2] * scale + sides / 2, square)
        away = np.hypot(*(middles - centre).T)
        nearest = int(away.argmin())
        if away[nearest] > FOLLOWED_SHIFT * max(face.box[2:]):
            return None
        box = np.hstack([middles[nearest] - sides[nearest] / 2, sides[nearest]])
        landmarks = _to_frame(found.landmarks[nearest] * scale, square)
        certain = bool(found.scores[nearest] >= NEW_FACE_SCORE)
        return self._face_in(bgr, box, landmarks, certain)

    def _face_in(
        self, bgr: Bgr, box: NDArray[np.float64], landmarks: Landmarks, certain: bool = False
    ) -> SeenFace | None:
        """Return a face of a frame, None where no face can be.

        The network may follow a face beyond the frame's edge, until nothing of its crop is left.
        """
        longest = box[2:].max()
        away = np.abs(landmarks - (box[:2] + box[2:] / 2)).max()
        # Not true of what is not a number, either.
        if not (box[2:].min() >= 1 and longest <= MAX_FRAMES * max(bgr.shape) and away <= longest):
            return None
        face = SeenFace(np.rint(box).astype(np.int32), landmarks, certain)
        return face if is_inside(self.crop_square(face), bgr.shape) else None

    def _search_scale(self, bgr: Bgr) -> float:
        return min(1.0, search_scale(bgr.shape, self._search_width_px))


def roll_deg(face: SeenFace) -> float:
    """Return how far a head is tilted clockwise, by eyes and mouth."""
    _, (across_x, across_y), (down_x, down_y) = _axes(face)
    return math.degrees(math.atan2(across_y - down_x, across_x + down_y))


def _axes(face: SeenFace) -> tuple[tuple[float, float], ...]:
    """Return the middle of the eyes, and from where to where the eyes lie and the mouth below."""
    landmarks = cast("Landmarks", face.landmarks)  # this detector gives each face its own
    # Plain numbers: arrays of two take ten times as long.
    (right_x, right_y), (left_x, left_y), _, *corners = landmarks.tolist()
    eyes = ((right_x + left_x) / 2, (right_y + left_y) / 2)
    mouth_x, mouth_y = (sum(each) / 2 for each in zip(*corners, strict=True))
    return eyes, (left_x - right_x, left_y - right_y), (mouth_x - eyes[0], mouth_y - eyes[1])


def _tilt_deg(face: SeenFace) -> float:
    """Return by how much a window or crop is to be turned."""
    tilt_deg = roll_deg(face)
    return tilt_deg if abs(tilt_deg) > TILTED_DEG else 0.0


def _square(centre_x: float, centre_y: float, side: float, roll_deg: float) -> Square:
    left, top = centre_x - side / 2, centre_y - side / 2
    return Square(round(left), round(top), max(1, round(side)), roll_deg)


def _to_frame(points: NDArray[np.float64], square: Square) -> NDArray[np.float64]:
    """Return points in a square, in pixels from its corner as it is turned, in frame pixels."""
    roll = math.radians(square.roll_deg)
    turn = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    middle = square.side / 2
    corner = np.array([square.left, square.top])
    turned: NDArray[np.float64] = (points - middle) @ turn.T + middle + corner
    return turned


def _on_grid(bgr: Bgr) -> Bgr:
    """Return the picture with black added on the right and below, up to multiples of the grid."""
    below, beside = (-sides % GRID_PX for sides in bgr.shape[:2])
    if not below and not beside:
        return bgr
    padded = cv2.copyMakeBorder(bgr, 0, below, 0, beside, cv2.BORDER_CONSTANT)
    return padded.astype(np.uint8, copy=False)
