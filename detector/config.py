"""Settings of the detector."""

from __future__ import annotations

from dataclasses import dataclass

from common.config import BrokerSettings, choice, integer, number, setting


@dataclass(frozen=True, slots=True)
class DetectorConfig(BrokerSettings):
    """The detector: finds the faces in frames and cuts them out."""

    detector: str = setting("DETECTOR", "haar", choice("haar"), "how faces are found")
    min_face: float = setting(
        "DETECTOR_MIN_FACE", 0.04, number(0.01, 1), "smallest face, as a fraction of the height"
    )
    search_width_px: int = setting(
        "DETECTOR_SEARCH_WIDTH",
        960,
        integer(80, 10_000),
        "wider frames are shrunk to this width for a full search",
    )
    interval_frames: int = setting(
        "DETECTOR_INTERVAL",
        10,
        integer(1, 1000),
        "a full search every so many frames, between them only around known faces",
    )
    workers: int = setting("DETECTOR_WORKERS", 1, integer(1, 64), "processes to start")
