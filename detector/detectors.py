"""What a face detector offers, and the detectors by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from common.errors import ConfigError
from common.face_model import Boxes
from common.pixels import Pixels
from detector.config import DetectorConfig
from detector.plan import EVERYTHING, SearchPart
from detector.seen_face import SeenFace, Square


class Detector(Protocol):
    """Finds faces in one frame. It remembers nothing: the same frame gives the same faces.

    Attributes:
        colour: Whether it takes frames as ``(height, width, 3) uint8`` BGR; else it takes them in
            grey, ``(height, width) uint8``.
        parts: What a full search is divided into where each picture's age matters.
        model: The file of its network; None where it has none of its own.
    """

    colour: bool
    parts: tuple[SearchPart, ...]
    model: Path | None

    def find_faces(
        self, frame: Pixels, part: SearchPart = EVERYTHING, known: Boxes | None = None
    ) -> list[SeenFace]:
        """Search a part of the frame; return the faces, the most certain first.

        ``known`` are faces followed to this frame, ``(n, 4) int32``, which take less evidence.
        """

    def find_face_near(self, frame: Pixels, face: SeenFace) -> SeenFace | None:
        """Search around where a face was in an earlier frame; return it, or None."""

    def crop_square(self, face: SeenFace) -> Square:
        """Return what a crop of the face has to show to look like an image of FER-2013."""


DETECTORS = {
    "haar": "detector.haar.HaarDetector",
    "yunet": "detector.yunet.YuNetDetector",
    "dlib": "detector.dlib_hog.DlibDetector",
}
"""Classes by name, imported when they are used: each needs a library that the others do not.
Another detector is added here and to the choices of ``DETECTOR`` in config.py."""


def create_detector(config: DetectorConfig) -> Detector:
    """Create the detector that the settings name.

    Raises:
        ConfigError: It cannot run here, or has no use for ``DETECTOR_MODEL``.
    """
    if config.model is not None and config.detector != "yunet":
        raise ConfigError(
            f"DETECTOR_MODEL={config.model}: DETECTOR={config.detector} has no model of its own; "
            "set DETECTOR to yunet or unset DETECTOR_MODEL"
        )
    module, _, name = DETECTORS[config.detector].rpartition(".")
    create = cast("Callable[[DetectorConfig], Detector]", getattr(import_module(module), name))
    return create(config)
