"""Frames with a real face at a known place: the astronaut of scikit-image, cut out and placed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from common.pixels import Bgr, Gray
from detector.boxes import Box

FACE_X, FACE_Y, FACE_PX = 175, 66, 98
"""The face in the 512x512 portrait."""
AROUND_PX = 66
"""What is cut out with the face on each side: as much as there is above it."""


def portrait() -> Gray:
    """Return the portrait, ``(512, 512) uint8``."""
    rgb: NDArray[np.uint8] = data.astronaut()  # type: ignore[no-untyped-call]
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def colour_portrait() -> Bgr:
    """Return the portrait in colour, ``(512, 512, 3) uint8``."""
    rgb = data.astronaut()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(rgb[:, :, ::-1])


def colour_scene(
    tilt_deg: float = 0.0, width: int = 640, height: int = 480, scale: float = 1.0
) -> Bgr:
    """Return a frame with the portrait's face in its middle, tilted clockwise, in colour."""
    x, y = FACE_X + FACE_PX / 2, FACE_Y + FACE_PX / 2
    turn = np.asarray(cv2.getRotationMatrix2D((x, y), -tilt_deg, scale), np.float64)
    turn[:, 2] += np.array([width / 2 - x, height / 2 - y])
    return cv2.warpAffine(
        colour_portrait(), turn, (width, height), borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)


def background(width: int = 640, height: int = 480) -> Gray:
    """Return an uneven background that holds no face, ``(height, width) uint8``."""
    across, down = np.linspace(60, 150, width), np.linspace(0, 60, height)
    return (across[None, :] + down[:, None]).astype(np.uint8)


def paste_face(frame: Gray, centre_x: int, centre_y: int, face_px: int) -> None:
    """Put the face's centre at a place; what reaches over the frame's edge is cut off."""
    end_x, end_y = FACE_X + FACE_PX + AROUND_PX, FACE_Y + FACE_PX + AROUND_PX
    patch = portrait()[FACE_Y - AROUND_PX : end_y, FACE_X - AROUND_PX : end_x]
    side = round(len(patch) * face_px / FACE_PX)
    patch = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)
    height, width = frame.shape
    left, top = centre_x - side // 2, centre_y - side // 2
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    if x0 < x1 and y0 < y1:
        frame[y0:y1, x0:x1] = patch[y0 - top : y1 - top, x0 - left : x1 - left]


def frame_with_face(
    centre_x: int, centre_y: int, face_px: int = 90, width: int = 640, height: int = 480
) -> Gray:
    """Return a frame that holds the face once."""
    frame = background(width, height)
    paste_face(frame, centre_x, centre_y, face_px)
    return frame


def is_at(box: Box, centre_x: int, centre_y: int, face_px: int) -> bool:
    """Return whether a box is the face pasted there: a fifth of its side is allowed for."""
    x, y, width, height = box.tolist()
    shift = max(abs(x + width / 2 - centre_x), abs(y + height / 2 - centre_y))
    return bool(max(shift, abs(width - face_px)) < face_px / 5)
