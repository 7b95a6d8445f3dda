"""Reading recorded results row by row, whatever their format and length."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pyarrow import parquet
from tqdm import tqdm

from common.errors import FerstreamError
from common.progress_bar import BAR_DELAY_S, progress_bar
from publisher.config import RESULTS_ENDINGS
from publisher.faces import Box
from publisher.results.format import SMOOTHED
from publisher.results.parquet import journal_of

COLUMNS = (
    *("camera", "frame_id", "pts_s", "track_id", "x", "y", "w", "h", "label", "shown"),
    *SMOOTHED,
)
PARQUET_ROWS = 20_000
"""Of which so many are in memory at once."""


class ReportError(FerstreamError):
    """There is nothing to make a report of; says why and what to do."""


class SeenFace(NamedTuple):
    """A face that was shown.

    Attributes:
        track_id: Of its camera.
        box: x, y, w, h in pixels.
        label: Empty where it was not classified yet.
        smoothed: Seven probabilities, or none.
    """

    track_id: int
    box: Box
    label: str
    smoothed: tuple[float, ...]


class Row(NamedTuple):
    """One record; ``face`` is None where the frame has none, or one that is not shown."""

    camera: str
    frame_id: int
    pts_s: float
    face: SeenFace | None


def read_rows(path: Path) -> Iterator[Row]:
    """Give the records of a file, with a progress bar where somebody sees it.

    Raises:
        ReportError: There is no such file, or it holds no records.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ReportError(f"{path}: expected a file that ends in {' or '.join(RESULTS_ENDINGS)}")
    if not path.is_file():
        raise ReportError(f"{path}: there is no such file; {_what_instead(path)}")
    is_empty = True
    for row in reader(path):
        is_empty = False
        yield row
    if is_empty:
        raise ReportError(f"{path} holds no records; nothing was recorded to it")


def _what_instead(path: Path) -> str:
    journal = journal_of(path)
    if journal.is_file():
        return f"its run was killed and left its records in {journal}: name that file"
    return f"PUBLISHER_RESULTS={path} records one"


def _read_csv(path: Path) -> Iterator[Row]:
    with path.open("rb") as file, _reading(path.stat().st_size, "B") as bar:
        cells = csv.reader(_whole_lines(file, bar))
        header = next(cells, None)
        if header is None:
            return
        _check_columns(path, header)
        wanted = [header.index(column) for column in COLUMNS]
        yield from _parsed(path, cells, lambda found: _from_text([found[at] for at in wanted]))


def _read_json(path: Path) -> Iterator[Row]:
    def parse(line: str) -> Row:
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError("expected a JSON object")
        _check_columns(path, list(record))
        return _from_values([record[column] for column in COLUMNS])

    with path.open("rb") as file, _reading(path.stat().st_size, "B") as bar:
        yield from _parsed(path, _whole_lines(file, bar), parse)


def _read_parquet(path: Path) -> Iterator[Row]:
    try:
        table = parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise ReportError(f"{path} is no Parquet file, or a damaged one") from error
    with table, _reading(table.metadata.num_rows, " rows") as bar:
        _check_columns(path, table.schema_arrow.names)
        for batch in table.iter_batches(PARQUET_ROWS, columns=list(COLUMNS)):
            columns = [batch.column(name).to_pylist() for name in COLUMNS]
            yield from _parsed(path, zip(*columns, strict=True), _from_values)
            bar.update(batch.num_rows)


_READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".jsonl": _read_json,
    ".parquet": _read_parquet,
}


def _reading(total: int, unit: str) -> tqdm[None]:
    return progress_bar(None, "reading", unit, total=total, delay_s=BAR_DELAY_S)


def _whole_lines(file: BinaryIO, bar: tqdm[None]) -> Iterator[str]:
    """Give the lines; the last one of a run that was killed may be cut, and is left out."""
    for line in file:
        bar.update(len(line))
        if line.endswith(b"\n"):
            yield line.decode(errors="replace")


def _check_columns(path: Path, found: Sequence[str]) -> None:
    missing = [column for column in COLUMNS if column not in found]
    if missing:
        raise ReportError(
            f"{path} has other columns than results of this version: {', '.join(missing)} are "
            "missing; record again"
        )


def _parsed(path: Path, lines: Iterator[object], parse: Callable[..., Row]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        try:
            row = parse(line)
        except (ValueError, TypeError, IndexError) as error:
            raise ReportError(f"{path}, record {number}: it cannot be read ({error})") from error
        yield row


def _from_text(cells: Sequence[str]) -> Row:
    """Make a row of a CSV file's cells, in the order of ``COLUMNS``."""
    camera, frame_id, pts_s, track_id, *box, label, shown = cells[:10]
    face = None
    if shown == "true":
        x, y, w, h = map(int, box)
        smoothed = tuple(map(float, cells[10:])) if cells[10] else ()
        face = SeenFace(int(track_id), (x, y, w, h), label, smoothed)
    return Row(camera, int(frame_id), float(pts_s), face)


def _from_values(values: Sequence[object]) -> Row:
    """Make a row of typed values, in the order of ``COLUMNS``."""
    return _from_text([_text(value) for value in values])


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
