"""The searches for faces that benchmarks compare, each with its usual settings."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from common.pixels import Gray
from detector.boxes import Boxes, no_boxes
from detector.cascade import DEFAULT_CASCADE, load_cascade
from detector.config import DetectorConfig
from detector.detectors import create_detector
from detector.plan import spread_plan, whole_plan
from detector.search import FaceSearch


def lossless_search() -> FaceSearch:
    """Create the search of the detector stage for lossless runs."""
    settings = DetectorConfig()
    return FaceSearch(create_detector(settings), whole_plan(settings.interval_frames))


def live_search() -> FaceSearch:
    """Create the search of the detector stage for live cameras."""
    settings = DetectorConfig()
    return FaceSearch(create_detector(settings), spread_plan(settings.interval_frames))


def classic_search(gray: Gray) -> Boxes:
    """Search as the well-known scripts do: scale 1.3, 5 neighbours and no minimum size."""
    found = _cascade().detectMultiScale(gray, scaleFactor=1.3, minNeighbors=5)
    return np.asarray(found, np.int32) if len(found) else no_boxes()


@cache
def _cascade() -> cv2.CascadeClassifier:
    return load_cascade(DEFAULT_CASCADE)
