"""The contract between training, detector and classifier, so that they cannot drift apart.

A face is cut from the full-resolution grey image as a square that shows what an image of FER-2013
shows, whatever the detector's boxes are, and shrunk to ``FACE_SIZE_PX`` pixels. The model takes
``(n, 48, 48) uint8`` and normalises inside its own graph. It returns ``(n, 7) float32``
probabilities in the order of ``LABELS``, which is that of FER-2013 (arXiv:1307.0414).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FACE_SIZE_PX = 48

Boxes = NDArray[np.int32]
"""``(n, 4) int32``: x, y, width, height in pixels of the full-resolution frame."""
Crops = NDArray[np.uint8]
"""``(n, 48, 48) uint8`` grey faces."""
Probabilities = NDArray[np.float32]
"""``(n, 7) float32``, each row non-negative with sum 1."""
Poses = NDArray[np.float64]
"""``(n, 3) float64``: how heads are turned, in degrees. Roll: clockwise in the picture; yaw:
towards the picture's right; pitch: upwards. All are 0 for a face seen from the front."""

BUNDLED_MODEL_DIR = Path(__file__).resolve().parent.parent / "classifier" / "models"
MANIFEST_NAME = "manifest.json"
"""What lies beside a model and says what it is."""


def no_boxes() -> Boxes:
    """Return ``(0, 4) int32``."""
    return np.zeros((0, 4), np.int32)


def no_crops() -> Crops:
    """Return ``(0, 48, 48) uint8``."""
    return np.zeros((0, FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)


def no_poses() -> Poses:
    """Return ``(0, 3) float64``."""
    return np.zeros((0, 3), np.float64)
