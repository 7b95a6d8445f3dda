"""Files of results that tests make reports of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from common.face_model import LABELS
from publisher.faces import Face
from publisher.results.open import open_results
from publisher.results.reader import Row
from tests.publisher.faces_and_frames import published
from tests.publisher.material import FACE

FPS = 25


def face(
    label: str = "happy", probability: float = 0.8, track_id: int = 1, *, shown: bool = True
) -> Face:
    rest = round((1 - probability) / 6, 6)
    values = tuple(probability if name == label else rest for name in LABELS)
    return Face(FACE, track_id, shown, label, probability, values, values, reused=False)


def row(number: int, of: Face | None, camera: str = "cam") -> Row:
    return Row(camera, number, number / FPS, "", of)


def record(
    path: Path,
    frames: Sequence[Sequence[Face]],
    camera: str = "cam",
    *,
    metadata: Mapping[str, object] | None = None,
) -> Path:
    """Record faces frame by frame, and what made them, as the publisher does."""
    writer = open_results(path, None, lambda *_: None)
    writer.describe(dict(metadata or {}))
    for number, faces in enumerate(frames):
        writer.write_frame(published(number, camera, faces=faces))
    writer.finish()
    return path
