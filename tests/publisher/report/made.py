"""Files of results that tests make reports of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from common.face_model import LABELS
from publisher.faces import Face
from publisher.report.rows import Row, SeenFace, read_rows
from publisher.results.parquet import ParquetWriter
from publisher.results.writer import ResultsWriter, open_results
from tests.publisher.material import frame, result

FPS = 25
BOX = (40, 30, 60, 60)


def smoothed(label: str, probability: float = 0.8) -> tuple[float, ...]:
    rest = round((1 - probability) / 6, 6)
    return tuple(probability if name == label else rest for name in LABELS)


def face(
    label: str = "happy", track_id: int = 1, probability: float = 0.8, *, shown: bool = True
) -> Face:
    values = smoothed(label, probability)
    return Face(BOX, track_id, shown, label, probability, values, values, reused=False)


def seen(label: str, probability: float = 0.8, track_id: int = 1) -> SeenFace:
    return SeenFace(track_id, BOX, label, smoothed(label, probability))


def row(number: int, of: SeenFace | None, camera: str = "cam") -> Row:
    return Row(camera, number, number / FPS, of)


def record(path: Path, frames: Sequence[Sequence[Face]], camera: str = "cam") -> Path:
    """Record faces frame by frame, as the publisher does."""
    recorder: ResultsWriter | ParquetWriter = open_results(path, None, lambda _: None)
    for number, faces in enumerate(frames):
        recorder.write(result(frame(number, camera)), faces)
    recorder.finish()
    return path


def rows_in(path: Path) -> list[Row]:
    return list(read_rows(path))
