"""What cameras, light and compression do to a face: for training, and to measure robustness by."""

from __future__ import annotations

import numpy as np

from common.face_model import Crops
from common.opencv import cv2


def change_gamma(image: Crops, exponent: float) -> Crops:
    """Return ``image``, uint8, with grey values ``g`` of 0 to 1 raised to ``exponent``."""
    table = np.round(255.0 * (np.arange(256) / 255.0) ** exponent).astype(np.uint8)
    return np.asarray(table[image], dtype=np.uint8)


def blur(image: Crops, sigma_px: float) -> Crops:
    """Return ``(h, w) uint8``, blurred by a Gaussian of ``sigma_px``, above 0."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), dtype=np.uint8)


def shrink(image: Crops, side_px: int) -> Crops:
    """Return a square ``image`` made ``side_px`` small and enlarged again, as a far face is."""
    size = (side_px, side_px)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.uint8
    )


def compress_jpeg(image: Crops, quality: int) -> Crops:
    """Return ``(h, w) uint8`` as it is after JPEG compression at ``quality``, 1 to 100."""
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def degrade_randomly(image: Crops, random: np.random.Generator) -> Crops:
    """Return ``(48, 48) uint8`` that is blurred, shrunk or compressed, each as likely."""
    kind = random.integers(3)
    if kind == 0:
        return blur(image, random.uniform(0.4, 1.4))
    if kind == 1:
        return shrink(image, int(random.integers(20, 44)))
    return compress_jpeg(image, int(random.integers(15, 80)))
