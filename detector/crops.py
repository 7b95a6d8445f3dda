"""Cutting faces out of a frame as the model contract wants them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common.face_model import FACE_SIZE_PX, Crops
from common.opencv import cv2
from common.pixels import Gray, Pixels
from detector.resize import resize
from detector.seen_face import Square

CORNERS = 0.21
"""A square that is turned reaches so far beyond itself on each side, as a fraction of its side: by
(sqrt(2) - 1) / 2 at most, at 45 degrees."""


def cut_crops(frame: Pixels, squares: Sequence[Square]) -> Crops:
    """Cut faces from the full-resolution frame.

    Args:
        frame: ``(height, width) uint8`` or ``(height, width, 3) uint8`` BGR.
        squares: What each crop shows.

    Returns:
        ``(n, 48, 48) uint8``.

    Raises:
        ValueError: A square has no area or lies outside the frame.
    """
    crops = np.empty((len(squares), FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)
    for crop, square in zip(crops, squares, strict=True):
        crop[:] = resize(_gray(cut_square(frame, square)), (FACE_SIZE_PX, FACE_SIZE_PX))
    return crops


def cut_square(frame: Pixels, square: Square) -> Pixels:
    """Cut a square from a frame, upright where it is turned.

    Where it reaches over the frame's edge, the edge is repeated, so that a face keeps its aspect
    and its place in it.

    Returns:
        ``(side, side) uint8`` or ``(side, side, 3) uint8``, as the frame is; it may be a part of
        the frame itself.

    Raises:
        ValueError: The square has no area or lies outside the frame.
    """
    if square.side < 1 or not is_inside(square, frame.shape):
        height, width = frame.shape[:2]
        raise ValueError(f"expected a square inside the frame of {width}x{height}, got {square}")
    if not square.roll_deg:
        return _cut_upright(frame, square)
    around = round(square.side * CORNERS) + 1
    wide = Square(square.left - around, square.top - around, square.side + 2 * around)
    middle = (wide.side - 1) / 2
    turn = np.asarray(cv2.getRotationMatrix2D((middle, middle), square.roll_deg, 1.0), np.float64)
    turn[:, 2] -= around
    turned = cv2.warpAffine(_cut_upright(frame, wide), turn, (square.side, square.side))
    return turned.astype(np.uint8, copy=False)


def is_inside(square: Square, frame_shape: tuple[int, ...]) -> bool:
    """Return whether a square, before it is turned, shows any of a frame of that shape."""
    height, width = frame_shape[:2]
    begins = square.left < width and square.top < height
    return begins and square.left + square.side > 0 and square.top + square.side > 0


def _cut_upright(frame: Pixels, square: Square) -> Pixels:
    height, width = frame.shape[:2]
    right, bottom = square.left + square.side, square.top + square.side
    inside = frame[max(0, square.top) : bottom, max(0, square.left) : right]
    over = (-square.top, bottom - height, -square.left, right - width)
    if max(over) <= 0:
        return inside
    above, below, before, behind = (max(0, pixels) for pixels in over)
    bordered = cv2.copyMakeBorder(inside, above, below, before, behind, cv2.BORDER_REPLICATE)
    return bordered.astype(np.uint8, copy=False)


def _gray(pixels: Pixels) -> Gray:
    if pixels.ndim == 2:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
