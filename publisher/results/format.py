"""One record a face: its fields, and how they are written as CSV and JSON lines.

A frame without a face has one record with the face's fields empty, so that rows and frames stay
aligned; of one that has failed the label says that. The fields named after an expression hold the
classifier's probability in this frame, ``smoothed_...`` the track's; ``label`` is smoothed, and
``confidence`` the smoothed probability of the expression that it names, empty where it names none.
``shown`` is false for the first sightings of a track, which may be no face at all. Of a face that
is turned away, and so not judged, the label says that, and the fields of expressions are empty.
``captured_at`` is empty in a lossless run: when a frame of a recording was read says nothing of it,
and runs would differ. ``source`` names the file of a frame that has one of its own.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from common.contract import Mode
from common.face_model import LABELS
from publisher.as_json import POSE, iso_time
from publisher.faces import DIGITS, FAILED, POSE_DIGITS, Face, PublishedFrame, rounded

SMOOTHED = tuple(f"smoothed_{label}" for label in LABELS)
FRAME_FIELDS: Mapping[str, type] = {
    "camera": str,
    "frame_id": int,
    "pts_s": float,
    "captured_at": datetime,
    "source": str,
    "width": int,
    "height": int,
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
    **dict.fromkeys(POSE, float),
}
"""All fields of a record in their order, and the type of each."""
CSV_HEADER = ",".join(FIELDS).encode() + b"\n"
Record = tuple[str | int | float | bool | None, ...]
"""The values of one record, in the order of ``FIELDS``; None is unknown."""

_UNKNOWN = (None,) * len(LABELS)
_NO_POSE = (None,) * len(POSE)
_NO_FACE = (None,) * (len(FIELDS) - len(FRAME_FIELDS))
_FAILED = tuple(FAILED if field == "label" else None for field in FIELDS)[len(FRAME_FIELDS) :]
_CSV_TEXT: Mapping[type, Callable[[Any], str]] = {
    float: f"{{:.{DIGITS}f}}".format,
    bool: {False: "false", True: "true"}.__getitem__,
}
_ANGLE = f"{{:.{POSE_DIGITS}f}}".format
_IN_CSV = tuple(_ANGLE if field in POSE else _CSV_TEXT.get(kind) for field, kind in FIELDS.items())


def records_of(frame: PublishedFrame) -> list[Record]:
    """Return the records of one frame, with the values that ``frame_json`` has."""
    start = (
        frame.camera,
        frame.frame_id,
        rounded(frame.pts_s),
        None if frame.mode is Mode.LOSSLESS else iso_time(frame.captured_at_ns),
        frame.source or None,
        *((None, None) if frame.failed else (frame.width, frame.height)),
    )
    if not frame.faces:
        return [start + (_FAILED if frame.failed else _NO_FACE)]
    return [start + _of_face(face) for face in frame.faces]


def _of_face(face: Face) -> Record:
    return (
        face.track_id,
        *face.box,
        *(map(rounded, face.probabilities) if face.probabilities else _UNKNOWN),
        face.label,
        None if face.confidence is None else rounded(face.confidence),
        face.reused,
        face.shown,
        *(map(rounded, face.smoothed) if face.smoothed else _UNKNOWN),
        *(face.pose or _NO_POSE),
    )


def csv_lines(records: Sequence[Record]) -> bytes:
    """Return records as lines of CSV; unknown is empty."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_csv_cells, records))
    return text.getvalue().encode()


def _csv_cells(record: Record) -> list[object]:
    """Return what differs from Python's own text as text, and the rest as it is."""
    cells = zip(_IN_CSV, record, strict=True)
    return [
        value if as_text is None or value is None else as_text(value) for as_text, value in cells
    ]


def json_lines(records: Sequence[Record]) -> bytes:
    """Return records as JSON, one a line; unknown is null."""
    named = (dict(zip(FIELDS, record, strict=True)) for record in records)
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in named)
