"""What the faces of an image or a recording depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from classifier.config import ClassifierConfig
from common.config import load_config
from detector.config import DetectorConfig

_DETECTION = DetectorConfig()
_CLASSIFICATION = ClassifierConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of detector and classifier that records depend on, with their defaults.

    Attributes:
        detector: ``haar``, ``yunet`` or ``dlib``.
        detector_model: A YuNet ``.onnx`` file instead of the bundled one.
        min_face: Smallest face, as a fraction of the height.
        search_width_px: Wider frames are shrunk to this for a full search; None is the detector's.
        interval_frames: A full search every so many frames, at most 12.
        max_turn_deg: Degrees from the camera up to which a face is judged, with ``yunet``.
        classifier_backend: ``onnx``, ``tensorflow`` or ``auto``.
        classifier_model: An ``.onnx`` or ``.keras`` file instead of the bundled one.

    Raises:
        ConfigError: A value is not allowed; names it as the pipeline's settings do, and says what
            is.
    """

    detector: str = _DETECTION.detector
    detector_model: Path | str | None = None
    min_face: float = _DETECTION.min_face
    search_width_px: int | None = None
    interval_frames: int = _DETECTION.interval_frames
    max_turn_deg: int = _DETECTION.max_turn_deg
    classifier_backend: str = _CLASSIFICATION.backend
    classifier_model: Path | str | None = None

    def __post_init__(self) -> None:
        self.detection()
        self.classification()

    def detection(self) -> DetectorConfig:
        """Return the detector's settings."""
        values = {
            "DETECTOR": self.detector,
            "DETECTOR_MODEL": self.detector_model,
            "DETECTOR_MIN_FACE": self.min_face,
            "DETECTOR_SEARCH_WIDTH": self.search_width_px,
            "DETECTOR_INTERVAL": self.interval_frames,
            "DETECTOR_MAX_TURN": self.max_turn_deg,
        }
        return load_config(DetectorConfig, "detector", (), _as_environment(values))

    def classification(self) -> ClassifierConfig:
        """Return the classifier's settings."""
        values = {
            "CLASSIFIER_BACKEND": self.classifier_backend,
            "CLASSIFIER_MODEL": self.classifier_model,
        }
        return load_config(ClassifierConfig, "classifier", (), _as_environment(values))


def _as_environment(values: Mapping[str, object]) -> dict[str, str]:
    return {variable: str(value) for variable, value in values.items() if value is not None}
