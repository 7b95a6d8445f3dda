"""Shrinking and enlarging what a detector looks at."""

from __future__ import annotations

import numpy as np

from common.opencv import cv2
from common.pixels import Pixels


def resize(pixels: Pixels, size_px: tuple[int, int]) -> Pixels:
    """Return a picture at (width, height), itself where it has that size."""
    height, width = pixels.shape[:2]
    if size_px == (width, height):
        return pixels
    # INTER_AREA averages where it shrinks, but only repeats pixels where it enlarges.
    interpolation = cv2.INTER_AREA if size_px[0] < width else cv2.INTER_LINEAR
    return cv2.resize(pixels, size_px, interpolation=interpolation).astype(np.uint8, copy=False)


def rescale(pixels: Pixels, scale: float) -> Pixels:
    """Return a picture with so many times the sides, each at least a pixel."""
    height, width = pixels.shape[:2]
    return resize(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))


def search_scale(frame_shape: tuple[int, ...], search_width_px: int) -> float:
    """Return the scale at which a frame is as wide as it is searched.

    A frame of more than twice its width in height is scaled by its height: an image of a pixel's
    width would be searched at millions of rows.
    """
    height, width = frame_shape[:2]
    return search_width_px / max(width, height / 2)
