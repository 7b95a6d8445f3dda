"""Settings of the detector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.config import (
    WORKERS_MEANING,
    BrokerSettings,
    choice,
    existing_file,
    integer,
    number,
    setting,
    worker_count,
)
from common.workers import Share, WorkerRule

WORKERS = WorkerRule(live=Share(cores=2, most=4), lossless=Share(cores=1, most=5))


@dataclass(frozen=True, slots=True)
class DetectorConfig(BrokerSettings):
    """The detector: finds the faces in frames and cuts them out."""

    detector: str = setting(
        "DETECTOR", "haar", choice("haar", "yunet", "dlib"), "how faces are found"
    )
    model: Path | None = setting(
        "DETECTOR_MODEL", None, existing_file, "a YuNet .onnx file instead of the bundled one"
    )
    min_face: float = setting(
        "DETECTOR_MIN_FACE", 0.04, number(0.01, 1), "smallest face, as a fraction of the height"
    )
    search_width_px: int | None = setting(
        "DETECTOR_SEARCH_WIDTH",
        None,
        integer(80, 10_000),
        "wider frames are shrunk to this width for a full search (dlib enlarges others to it), "
        "instead of 960 (haar) or 640",
    )
    interval_frames: int = setting(
        "DETECTOR_INTERVAL",
        10,
        integer(1, 1000),
        "a full search every so many frames, between them only around known faces",
    )
    max_turn_deg: int = setting(
        "DETECTOR_MAX_TURN",
        60,
        integer(0, 180),
        "degrees from the camera up to which a face is judged, where the detector sees landmarks",
    )
    workers: int | WorkerRule = setting(
        "DETECTOR_WORKERS", WORKERS, worker_count(WORKERS), WORKERS_MEANING
    )
