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
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from common.face_model import LABELS
from publisher.as_json import face_json, iso_time
from publisher.faces import DIGITS, Face, PublishedFrame, rounded

SMOOTHED = tuple(f"smoothed_{label}" for label in LABELS)
FRAME_FIELDS: Mapping[str, type] = {
    "camera": str,
    "frame_id": int,
    "pts_s": float,
    "captured_at": datetime,
}
FIELDS: Mapping[str, type] = {
    **FRAME_FIELDS,
    **dict.fromkeys(("track_id", "x", "y", "w", "h"), int),
    **dict.fromkeys(LABELS, float),
    "label": str,
    "confidence": float,
    "reused": bool,
    "shown": bool,
    **dict.fromkeys(SMOOTHED, float),
}
"""All fields of a record in their order, and the type of each."""
CSV_HEADER = ",".join(FIELDS).encode() + b"\n"
Record = dict[str, str | int | float | bool | None]

_UNKNOWN = dict.fromkeys(LABELS)
_CSV_TEXT: Mapping[type, Callable[[Any], str]] = {
    float: f"{{:.{DIGITS}f}}".format,
    bool: {False: "false", True: "true"}.__getitem__,
}
_IN_CSV = tuple(_CSV_TEXT.get(kind) for kind in FIELDS.values())


def records_of(frame: PublishedFrame) -> list[Record]:
    """Return the records of one frame, in the order of ``FIELDS``; None is unknown."""
    start: Record = {
        "camera": frame.camera,
        "frame_id": frame.frame_id,
        "pts_s": rounded(frame.pts_s),
        "captured_at": iso_time(frame.captured_at_ns),
    }
    if not frame.faces:
        return [dict.fromkeys(FIELDS) | start]
    return [start | _face_fields(face) for face in frame.faces]


def _face_fields(face: Face) -> Record:
    known = face_json(face)
    smoothed = known["smoothed"] or _UNKNOWN
    return {
        "track_id": known["track_id"],
        **known["box"],
        **(known["probabilities"] or _UNKNOWN),
        "label": known["label"],
        "confidence": known["confidence"],
        "reused": known["reused"],
        "shown": known["shown"],
        **dict(zip(SMOOTHED, smoothed.values(), strict=True)),
    }


def csv_lines(records: Sequence[Record]) -> bytes:
    """Return records as lines of CSV; unknown is empty."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_csv_cells, records))
    return text.getvalue().encode()


def _csv_cells(record: Record) -> list[object]:
    """Return what differs from Python's own text as text, and the rest as it is."""
    cells = zip(_IN_CSV, record.values(), strict=True)
    return [
        value if as_text is None or value is None else as_text(value) for as_text, value in cells
    ]


def json_lines(records: Sequence[Record]) -> bytes:
    """Return records as JSON, one a line; unknown is null."""
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)
