"""The searches for faces that benchmarks compare, each with its usual settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np

from common.face_model import Boxes, Crops, no_boxes
from common.pixels import Bgr, Gray, Pixels
from detector.cascade import DEFAULT_CASCADE, load_cascade
from detector.config import DetectorConfig
from detector.crops import cut_crops
from detector.detectors import create_detector
from detector.plan import spread_plan, whole_plan
from detector.search import FaceSearch
from detector.seen_face import SeenFace


class Search:
    """The search of the detector stage, with its usual settings.

    Args:
        detector: Name of the detector.
        live: Whether as for live cameras, else as for lossless runs.
    """

    def __init__(self, detector: str = "haar", *, live: bool = False) -> None:
        settings = DetectorConfig(detector=detector)
        self.detector = create_detector(settings)
        interval = settings.interval_frames
        plan = spread_plan(self.detector.parts, interval) if live else whole_plan(interval)
        self._search = FaceSearch(self.detector, plan)

    def reset(self) -> None:
        """Forget all faces."""
        self._search.reset()

    def search(self, bgr: Bgr) -> list[SeenFace]:
        """Find the faces of the next frame, ``(height, width, 3) uint8``."""
        return self._search.search(self.pixels(bgr))

    def cut_crops(self, bgr: Bgr, faces: Sequence[SeenFace]) -> Crops:
        """Cut faces out as the detector stage does, ``(n, 48, 48) uint8``."""
        return cut_crops(self.pixels(bgr), [self.detector.crop_square(face) for face in faces])

    def pixels(self, bgr: Bgr) -> Pixels:
        """Return a frame as the detector takes it."""
        return bgr if self.detector.colour else gray_of(bgr)


def gray_of(bgr: Bgr) -> Gray:
    """Return a frame in grey, ``(height, width) uint8``."""
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def classic_search(gray: Gray) -> Boxes:
    """Search as the well-known scripts do: scale 1.3, 5 neighbours and no minimum size."""
    found = _cascade().detectMultiScale(gray, scaleFactor=1.3, minNeighbors=5)
    return np.asarray(found, np.int32) if len(found) else no_boxes()


@cache
def _cascade() -> cv2.CascadeClassifier:
    return load_cascade(DEFAULT_CASCADE)
