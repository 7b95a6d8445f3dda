"""What the faces that are found depend on, besides the frames."""

from __future__ import annotations

from common.files import file_sha256
from common.messages import About
from common.opencv import cv2
from detector.config import DetectorConfig
from detector.detectors import Detector


def about_detector(config: DetectorConfig, detector: Detector) -> About:
    """Describe a detector and its settings; None is what the detector has by itself."""
    model = detector.model
    return {
        "detector": config.detector,
        "min_face": config.min_face,
        "search_width_px": config.search_width_px,
        "interval_frames": config.interval_frames,
        "max_turn_deg": config.max_turn_deg,
        "model": model.name if model else None,
        "sha256": file_sha256(model) if model else None,
        "opencv": cv2.__version__,
    }
