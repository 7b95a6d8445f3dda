"""Reading back what a publisher wrote before it was restarted."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from publisher.results.format import FIELDS, Record, parse_csv, parse_json, sighting_of
from publisher.tracking.tracks import Sighting


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """One frame found in a file of records, and how many records it has there."""

    camera: str
    frame_id: int
    records: int
    sighting: Sighting


def cut_incomplete_line(path: Path) -> int:
    """Cut off what a killed process left behind the last whole line; gives the bytes cut."""
    with path.open("rb+") as file:
        size = file.seek(0, 2)
        end = size
        while end > 0:
            start = max(0, end - 65_536)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        file.truncate(end)
    return size - end


def recorded_frames(path: Path) -> Iterator[RecordedFrame]:
    """Read the frames of a file of records, in its order.

    Raises:
        ValueError: A line is not a record; names the file and the line's number.
    """
    is_csv = path.suffix.lower() == ".csv"
    with path.open("rb") as file:
        records = _records(path, file, parse_csv if is_csv else parse_json, is_csv)
        for (camera, frame_id), group in itertools.groupby(records, _frame_of):
            rows = list(group)
            yield RecordedFrame(camera, frame_id, len(rows), sighting_of(rows))


def _records(
    path: Path, file: BinaryIO, parse: Callable[[str], Record], has_header: bool
) -> Iterator[Record]:
    for number, line in enumerate(_logical_lines(file) if has_header else file, start=1):
        text = line.decode()
        if has_header and number == 1 and text.strip() == ",".join(FIELDS):
            continue
        try:
            yield parse(text)
        except ValueError as error:
            raise ValueError(f"{path}, record {number}: {error}") from error


def _logical_lines(file: BinaryIO) -> Iterator[bytes]:
    """Join lines as long as a quote is open: a camera's name may hold a line break."""
    held = b""
    for line in file:
        held += line
        if held.count(b'"') % 2 == 0:
            yield held
            held = b""
    if held:
        yield held


def _frame_of(record: Record) -> tuple[str, int]:
    camera, frame_id = record["camera"], record["frame_id"]
    if not isinstance(camera, str) or not isinstance(frame_id, int):
        raise ValueError(f"expected a camera and a frame_id, got {camera!r}, {frame_id!r}")
    return camera, frame_id
