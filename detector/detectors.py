"""What a face detector offers, and the detectors by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from common.face_model import Boxes
from common.pixels import Gray
from detector.boxes import Box
from detector.config import DetectorConfig
from detector.haar import HaarDetector
from detector.plan import EVERYTHING, SearchPart


class Detector(Protocol):
    """Finds faces in one frame. It remembers nothing: the same frame gives the same boxes."""

    def find_faces(
        self, gray: Gray, part: SearchPart = EVERYTHING, known: Boxes | None = None
    ) -> Boxes:
        """Search a part of the frame and return ``(n, 4) int32``, the most certain first.

        ``known`` are faces followed to this frame, ``(n, 4) int32``, which take less evidence.
        """

    def find_face_near(self, gray: Gray, box: Box) -> Box | None:
        """Search around a box of an earlier frame and return ``(4,) int32``, or None."""


DETECTORS: dict[str, Callable[[DetectorConfig], Detector]] = {"haar": HaarDetector}
"""Another detector is added here and to the choices of ``DETECTOR`` in config.py."""


def create_detector(config: DetectorConfig) -> Detector:
    """Create the detector that the settings name.

    Raises:
        ConfigError: It cannot run here.
    """
    return DETECTORS[config.detector](config)
