"""A published frame without its pixels, and how it and its faces look as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.face_model import LABELS
from common.messages import Frame
from publisher.faces import Box, Face
from publisher.results.format import iso_time
from publisher.tracking.tracks import PROBABILITY_DIGITS

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class PublishedFrame:
    """What is worth keeping of a frame once its slot in the ring is given back."""

    camera: str
    frame_id: int
    pts_s: float
    captured_at_ns: int
    width: int
    height: int
    faces: tuple[Face, ...]


def published_frame(frame: Frame, faces: Sequence[Face]) -> PublishedFrame:
    """Keep a frame and its faces; a JPEG that it brought is not kept."""
    return PublishedFrame(
        camera=frame.camera,
        frame_id=frame.frame_id,
        pts_s=frame.pts_s,
        captured_at_ns=frame.captured_at_ns,
        width=frame.width,
        height=frame.height,
        faces=tuple(faces),
    )


def frame_json(frame: PublishedFrame) -> Json:
    """Make the JSON of a frame, with the values that its records have."""
    return {
        "camera": frame.camera,
        "frame_id": frame.frame_id,
        "pts_s": round(frame.pts_s, PROBABILITY_DIGITS),
        "captured_at": iso_time(frame.captured_at_ns),
        "width": frame.width,
        "height": frame.height,
        "faces": [face_json(face) for face in frame.faces],
    }


def face_json(face: Face) -> Json:
    """Make the JSON of a face; what is not known is null."""
    return {
        "track_id": face.track_id,
        "box": box_json(face.box),
        "label": face.label or None,
        "confidence": round(face.confidence, PROBABILITY_DIGITS) if face.label else None,
        "smoothed": by_label(face.smoothed),
        "probabilities": by_label(face.probabilities),
        "reused": face.reused,
        "shown": face.shown,
    }


def box_json(box: Box) -> Json:
    """Name the numbers of a box, in pixels."""
    return dict(zip("xywh", box, strict=True))


def by_label(probabilities: Sequence[float]) -> Json | None:
    """Name probabilities by their expression; None where there are none."""
    if not probabilities:
        return None
    rounded = (round(float(value), PROBABILITY_DIGITS) for value in probabilities)
    return dict(zip(LABELS, rounded, strict=True))
