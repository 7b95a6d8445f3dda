"""Reading results back: record by record, whatever their format and length."""

from __future__ import annotations

import csv
import io
import itertools
import mmap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from common.face_model import LABELS
from publisher.as_json import POSE
from publisher.faces import TURNED_AWAY, Face, Pose
from publisher.results.format import FIELDS, FRAME_FIELDS
from publisher.tracking.tracks import Sighting

PARQUET_ROWS = 20_000
"""So many are in memory at once."""

CountBytes = Callable[[int], object]
"""Called with how many more bytes of a file have been read."""


def _record_type(known: Iterable[str]) -> type[msgspec.Struct]:
    """Return the type of a record in which these fields are not empty."""
    fields = [(name, kind if name in known else kind | None) for name, kind in FIELDS.items()]
    return msgspec.defstruct("Record", fields)


_OF_FRAME = {"camera", "frame_id", "pts_s"}
_RECORD_WITHOUT_FACE = _record_type(_OF_FRAME)
_RECORD_OF_FACE = _record_type({*_OF_FRAME, "track_id", "x", "y", "w", "h", "reused", "shown"})


class Row(NamedTuple):
    """One record; ``face`` is None where the frame has none, ``source`` empty where it has none."""

    camera: str
    frame_id: int
    pts_s: float
    source: str
    face: Face | None


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """One frame found in a file of records, and how many records it has there."""

    camera: str
    frame_id: int
    source: str
    records: int
    sighting: Sighting


def read_rows(path: Path, count_bytes: CountBytes = lambda _: None) -> Iterator[Row]:
    """Yield the records of a file.

    Args:
        path: A file in one of the formats of results, which its ending tells. A last line that was
            cut, as those of killed runs may be, is left out.
        count_bytes: Lets a progress bar follow.

    Raises:
        ValueError: It holds something else; names the file and the number of the record.
        OSError: It cannot be read.
    """
    rows = map(_row, _READERS[path.suffix.lower()](path, count_bytes))
    for number in itertools.count(1):
        try:
            row = next(rows, None)
        except (ValueError, csv.Error) as error:
            raise ValueError(f"{path}, record {number}: it cannot be read ({error})") from error
        if row is None:
            return
        yield row


def recorded_frames(path: Path) -> Iterator[RecordedFrame]:
    """Yield the frames of a file of records, in its order; raises as ``read_rows``."""
    for _, group in itertools.groupby(read_rows(path), lambda row: (row.camera, row.frame_id)):
        rows = list(group)
        first, faces = rows[0], [row.face for row in rows if row.face is not None]
        seen = Sighting(
            first.pts_s,
            tuple(face.box for face in faces),
            tuple(face.probabilities for face in faces),
            turned_away=tuple(face.label == TURNED_AWAY for face in faces),
        )
        yield RecordedFrame(first.camera, first.frame_id, first.source, len(rows), seen)


def cut_incomplete_line(path: Path) -> int:
    """Cut off what a killed process left behind the last whole line; return the bytes cut."""
    with path.open("rb+") as file:
        size, end = file.seek(0, io.SEEK_END), 0
        if size:  # nothing cannot be mapped
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
                end = data.rfind(b"\n") + 1
        file.truncate(end)
    return size - end


def _csv(path: Path, count_bytes: CountBytes) -> Iterator[object]:
    with path.open("rb") as file:
        lines = csv.reader(_whole_lines(file, count_bytes))
        header = next(lines, None)
        if header is None:
            return
        _check_fields(header)
        for cells in lines:
            yield dict(zip(header, [cell or None for cell in cells], strict=True))


def _json(path: Path, count_bytes: CountBytes) -> Iterator[object]:
    with path.open("rb") as file:
        for line in _whole_lines(file, count_bytes):
            found = msgspec.json.decode(line)
            if isinstance(found, dict):
                _check_fields(found)
            yield found


def _parquet(path: Path, count_bytes: CountBytes) -> Iterator[object]:
    from pyarrow import parquet  # noqa: PLC0415 - 50 MB

    with parquet.ParquetFile(path) as table:
        _check_fields(table.schema_arrow.names)
        row_bytes = path.stat().st_size / max(1, table.metadata.num_rows)
        for batch in table.iter_batches(PARQUET_ROWS):
            yield from batch.to_pylist()
            count_bytes(round(batch.num_rows * row_bytes))


_READERS = {".csv": _csv, ".jsonl": _json, ".parquet": _parquet}


def _whole_lines(file: BinaryIO, count_bytes: CountBytes) -> Iterator[str]:
    for line in file:
        count_bytes(len(line))
        if line.endswith(b"\n"):
            yield line.decode(errors="replace")


def _check_fields(found: Iterable[str]) -> None:
    """Refuse columns of something else."""
    missing = [field for field in FIELDS if field not in found]
    if missing:
        raise ValueError(
            f"it has other columns than results of this version: {', '.join(missing)} are "
            "missing; record again"
        )


def _row(values: object) -> Row:
    """Check the values of one record, by field; in CSV they are text."""
    has_face = isinstance(values, dict) and values["track_id"]
    record = msgspec.convert(
        values, _RECORD_OF_FACE if has_face else _RECORD_WITHOUT_FACE, strict=False
    )
    columns = msgspec.structs.astuple(record)
    camera, frame_id, pts_s, _, source, *_ = columns
    if not has_face:
        return Row(camera, frame_id, pts_s, source or "", None)
    track_id, x, y, w, h, *rest = columns[len(FRAME_FIELDS) :]
    kinds, angles = len(LABELS), len(POSE)
    probabilities, smoothed, pose = rest[:kinds], rest[-kinds - angles : -angles], rest[-angles:]
    label, confidence, reused, shown = rest[kinds : -kinds - angles]
    face = Face(
        (x, y, w, h),
        track_id,
        shown,
        label,
        confidence,
        _all_or_none(smoothed, "probabilities"),
        _all_or_none(probabilities, "probabilities"),
        reused,
        _pose(_all_or_none(pose, "angles")),
    )
    return Row(camera, frame_id, pts_s, source or "", face)


def _pose(angles: tuple[float, ...]) -> Pose | None:
    if not angles:
        return None
    roll_deg, yaw_deg, pitch_deg = angles
    return roll_deg, yaw_deg, pitch_deg


def _all_or_none(values: list[float], what: str) -> tuple[float, ...]:
    missing = values.count(None)  # type: ignore[arg-type]  # that is what is looked for
    if missing not in (0, len(values)):
        raise ValueError(f"some of its {what} are missing")
    return () if missing else tuple(values)
