"""Frames and faces as JSON, with the values that their records have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TypedDict

from common.face_model import LABELS
from publisher.faces import Face, PublishedFrame, rounded

Json = dict[str, object]
POSE = ("roll_deg", "yaw_deg", "pitch_deg")
"""What the angles of a pose are called, in its order."""


class FaceJson(TypedDict):
    """A face as JSON; what is not known is null."""

    track_id: int
    box: dict[str, int]
    label: str | None
    confidence: float | None
    smoothed: dict[str, float] | None
    probabilities: dict[str, float] | None
    reused: bool
    shown: bool
    roll_deg: float | None
    yaw_deg: float | None
    pitch_deg: float | None


def frame_json(frame: PublishedFrame, faces: Sequence[Face]) -> Json:
    """Return the JSON of a frame with some or all of its faces."""
    return {
        "camera": frame.camera,
        "frame_id": frame.frame_id,
        "pts_s": rounded(frame.pts_s),
        "captured_at": iso_time(frame.captured_at_ns),
        "source": frame.source or None,
        "failed": frame.failed,
        "width": frame.width,
        "height": frame.height,
        "faces": [face_json(face) for face in faces],
    }


def face_json(face: Face) -> FaceJson:
    """Return the JSON of a face."""
    roll_deg, yaw_deg, pitch_deg = face.pose or (None, None, None)
    return {
        "track_id": face.track_id,
        "box": dict(zip("xywh", face.box, strict=True)),
        "label": face.label,
        "confidence": None if face.confidence is None else rounded(face.confidence),
        "smoothed": _by_label(face.smoothed),
        "probabilities": _by_label(face.probabilities),
        "reused": face.reused,
        "shown": face.shown,
        "roll_deg": roll_deg,
        "yaw_deg": yaw_deg,
        "pitch_deg": pitch_deg,
    }


def some_of_face(face: Face, *fields: str) -> Json:
    """Return only the named fields of the JSON of a face, in their usual order."""
    return {field: value for field, value in face_json(face).items() if field in fields}


def _by_label(probabilities: Sequence[float]) -> dict[str, float] | None:
    if not probabilities:
        return None
    return dict(zip(LABELS, map(rounded, probabilities), strict=True))


def iso_time(at_ns: int) -> str:
    """Return wall-clock nanoseconds as ISO 8601 in UTC with microseconds."""
    seconds, rest_ns = divmod(at_ns, 1_000_000_000)
    at = datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest_ns // 1000)
    return at.isoformat(timespec="microseconds")
