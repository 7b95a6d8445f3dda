"""Frames with a real face at a known place: the astronaut of scikit-image, cut out and placed."""

from __future__ import annotations

import cv2
import numpy as np
from skimage import data

from detector.boxes import GrayFrame

FACE_IN_PORTRAIT = (174, 68, 102, 102)
"""x, y, width, height of the face in the 512x512 portrait, as its cascade box."""
CUT = 1.0
"""How much is cut around the face, in its sides, on each side."""


def portrait() -> GrayFrame:
    """Return the portrait, ``(512, 512) uint8``."""
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def background(width: int, height: int) -> GrayFrame:
    """Return an uneven background that holds no face, ``(height, width) uint8``."""
    across, down = np.linspace(60, 150, width), np.linspace(0, 60, height)
    return (across[None, :] + down[:, None]).astype(np.uint8)


def face_patch(face_px: int) -> GrayFrame:
    """Return the head with its surroundings, scaled so that the face is ``face_px`` wide."""
    x, y, side, _ = FACE_IN_PORTRAIT
    around = round(CUT * side * 0.66)
    patch = portrait()[max(0, y - around) : y + side + around, x - around : x + side + around]
    scale = face_px / side
    size = (round(patch.shape[1] * scale), round(patch.shape[0] * scale))
    return cv2.resize(patch, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def frame_with_face(
    centre_x: int, centre_y: int, face_px: int = 90, width: int = 640, height: int = 480
) -> GrayFrame:
    """Return a frame with the face's centre at a place; what reaches over the edge is cut off."""
    frame = background(width, height)
    patch = face_patch(face_px)
    scale = face_px / FACE_IN_PORTRAIT[2]
    around = round(CUT * FACE_IN_PORTRAIT[2] * 0.66)
    above = min(around, FACE_IN_PORTRAIT[1])
    left = centre_x - round((around + FACE_IN_PORTRAIT[2] / 2) * scale)
    top = centre_y - round((above + FACE_IN_PORTRAIT[3] / 2) * scale)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + patch.shape[1]), min(height, top + patch.shape[0])
    if x0 < x1 and y0 < y1:
        frame[y0:y1, x0:x1] = patch[y0 - top : y1 - top, x0 - left : x1 - left]
    return frame
