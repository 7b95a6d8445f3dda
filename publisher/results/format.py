"""One record a face: its fields, and how they are written as CSV and JSON lines.

A frame without a face has one record with the face's fields empty, so that rows and frames stay
aligned. The fields named after an expression hold the classifier's probability in this frame,
``smoothed_...`` the track's; ``label`` and ``confidence`` are smoothed. ``shown`` is false for the
first sightings of a track, which may be no face at all.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime, timezone

from common.face_model import LABELS
from common.messages import Frame
from publisher.faces import Face
from publisher.tracking.tracks import PROBABILITY_DIGITS, Sighting

SMOOTHED = tuple(f"smoothed_{label}" for label in LABELS)
FIELDS = (
    *("camera", "frame_id", "pts_s", "captured_at", "track_id", "x", "y", "w", "h"),
    *LABELS,
    *("label", "confidence", "reused", "shown"),
    *SMOOTHED,
)
TEXT_FIELDS = frozenset({"camera", "label"})
TIME_FIELDS = frozenset({"captured_at"})
FLAG_FIELDS = frozenset({"reused", "shown"})
WHOLE_FIELDS = frozenset({"frame_id", "track_id", "x", "y", "w", "h"})
"""All other fields are decimal numbers."""
Record = dict[str, str | int | float | bool | None]


def records_of(frame: Frame, faces: Sequence[Face]) -> list[Record]:
    """Make the records of one frame, in the order of ``FIELDS``; None is unknown."""
    start: Record = {
        "camera": frame.camera,
        "frame_id": frame.frame_id,
        "pts_s": round(frame.pts_s, PROBABILITY_DIGITS),
        "captured_at": iso_time(frame.captured_at_ns),
    }
    if not faces:
        return [start | dict.fromkeys(FIELDS[len(start) :])]
    return [start | _face_fields(face) for face in faces]


def _face_fields(face: Face) -> Record:
    x, y, w, h = face.box
    unknown = (None,) * len(LABELS)
    smoothed = [round(value, PROBABILITY_DIGITS) for value in face.smoothed]
    return {
        "track_id": face.track_id,
        "x": x,
        "y": y,
        "w": w,
        "h": h,
        **dict(zip(LABELS, face.probabilities or unknown, strict=True)),
        "label": face.label or None,
        "confidence": round(face.confidence, PROBABILITY_DIGITS) if face.label else None,
        "reused": face.reused,
        "shown": face.shown,
        **dict(zip(SMOOTHED, smoothed or unknown, strict=True)),
    }


def iso_time(at_ns: int) -> str:
    """Write wall-clock nanoseconds as ISO 8601 in UTC with microseconds."""
    seconds, rest_ns = divmod(at_ns, 1_000_000_000)
    at = datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest_ns // 1000)
    return at.isoformat(timespec="microseconds")


def csv_header() -> bytes:
    """The first line of a CSV file."""
    return ",".join(FIELDS).encode() + b"\n"


def csv_lines(records: Sequence[Record]) -> bytes:
    """Write records as lines of CSV; unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_csv_cell(record[field]) for field in FIELDS] for record in records)
    return text.getvalue().encode()


def _csv_cell(value: str | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.{PROBABILITY_DIGITS}f}" if isinstance(value, float) else str(value)


def json_lines(records: Sequence[Record]) -> bytes:
    """Write records as JSON, one a line; unknown is null."""
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def parse_csv(line: str) -> Record:
    """Read a line that ``csv_lines`` wrote.

    Raises:
        ValueError: It is no such line.
    """
    cells = next(csv.reader([line]), [])
    return _typed(dict(zip(FIELDS, cells, strict=True)))


def parse_json(line: str) -> Record:
    """Read a line that ``json_lines`` wrote.

    Raises:
        ValueError: It is no such line.
    """
    found = json.loads(line)
    if not isinstance(found, dict) or tuple(found) != FIELDS:
        raise ValueError(f"expected the fields {', '.join(FIELDS)}")
    return found


def _typed(cells: dict[str, str]) -> Record:
    record: Record = {}
    for field, cell in cells.items():
        if cell == "":
            record[field] = None
        elif field in TEXT_FIELDS | TIME_FIELDS:
            record[field] = cell
        elif field in FLAG_FIELDS:
            record[field] = cell == "true"
        elif field in WHOLE_FIELDS:
            record[field] = int(cell)
        else:
            record[field] = float(cell)
    return record


def sighting_of(records: Sequence[Record]) -> Sighting:
    """Give what the tracker was told when these records of one frame were made.

    Raises:
        ValueError: A field is missing or of another type.
    """
    faces = [record for record in records if record["track_id"] is not None]
    return Sighting(
        _number(records[0]["pts_s"]),
        tuple(
            (_whole(face["x"]), _whole(face["y"]), _whole(face["w"]), _whole(face["h"]))
            for face in faces
        ),
        tuple(
            () if face["reused"] else tuple(_number(face[label]) for label in LABELS)
            for face in faces
        ),
    )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"expected a number, got {value!r}")
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected a whole number, got {value!r}")
    return value
