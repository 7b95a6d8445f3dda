"""What the faces of an image or a recording depend on."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from classifier.config import ClassifierConfig
from common.config import load_config
from detector.config import DetectorConfig

VARIABLES = {
    "detector": "DETECTOR",
    "detector_model": "DETECTOR_MODEL",
    "min_face": "DETECTOR_MIN_FACE",
    "search_width_px": "DETECTOR_SEARCH_WIDTH",
    "interval_frames": "DETECTOR_INTERVAL",
    "max_turn_deg": "DETECTOR_MAX_TURN",
    "classifier_backend": "CLASSIFIER_BACKEND",
    "classifier_model": "CLASSIFIER_MODEL",
}
"""What the pipeline calls each setting."""
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
        return load_config(DetectorConfig, "detector", (), self._as_environment("DETECTOR"))

    def classification(self) -> ClassifierConfig:
        """Return the classifier's settings."""
        return load_config(ClassifierConfig, "classifier", (), self._as_environment("CLASSIFIER"))

    def _as_environment(self, stage: str) -> dict[str, str]:
        values = {variable: getattr(self, name) for name, variable in VARIABLES.items()}
        return {
            variable: str(value)
            for variable, value in values.items()
            if value is not None and variable.startswith(stage)
        }


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add an option for each setting; ``settings_of`` reads them."""
    group = parser.add_argument_group("settings")
    meanings = {
        setting.metadata["variable"]: setting.metadata["meaning"]
        for config in (DetectorConfig, ClassifierConfig)
        for setting in fields(config)
        if "variable" in setting.metadata
    }
    for item in fields(Settings):
        default = "" if item.default is None else f" ({item.default})"
        meaning = meanings[VARIABLES[item.name]]
        group.add_argument(
            f"--{item.name.replace('_', '-')}",
            metavar="VALUE",
            default=item.default,
            help=f"{meaning}{default}".replace("%", "%%"),
        )


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that were parsed, for ``Settings``."""
    return {item.name: getattr(options, item.name) for item in fields(Settings)}
