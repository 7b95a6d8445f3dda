"""Records as tables."""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, json, parquet

from publisher.faces import PublishedFrame
from publisher.results.format import FIELDS, Record, records_of
from publisher.results.parquet_table import READING, SCHEMA

BATCH_ROWS = 10_000
"""So many records are in memory as objects of Python at once."""


def table_of(frames: Iterable[PublishedFrame]) -> pa.Table:
    """Return the records of frames."""
    batches: list[pa.RecordBatch] = []
    records: list[Record] = []
    for frame in frames:
        records += records_of(frame)
        if len(records) >= BATCH_ROWS:
            batches.append(_batch(records))
            records = []
    batches.append(_batch(records))
    return pa.Table.from_batches(batches, SCHEMA)


def _batch(records: list[Record]) -> pa.RecordBatch:
    columns = zip(*records, strict=True) if records else ((),) * len(FIELDS)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, SCHEMA.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def read(path: Path | str) -> pa.Table:
    """Return the records of a results file.

    Args:
        path: A ``.csv``, ``.jsonl`` or ``.parquet`` file, as ``PUBLISHER_RESULTS`` names it. A last
            line that was cut, as those of killed runs may be, is left out.

    Raises:
        ValueError: It is none of these, or holds something else.
        OSError: It cannot be read.
    """
    path = Path(path)
    read_as = _READERS.get(path.suffix.lower())
    if read_as is None:
        raise ValueError(f"{path}: expected a file that ends in {', '.join(_READERS)}")
    try:
        return read_as(path)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise ValueError(f"{path}: not the records of this version ({error})") from error


def _read_csv(path: Path) -> pa.Table:
    quoting = csv.ParseOptions(newlines_in_values=True)
    return csv.read_csv(_whole_lines(path), parse_options=quoting, convert_options=READING)


def _read_json(path: Path) -> pa.Table:
    parsing = json.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="error")
    return json.read_json(_whole_lines(path), parse_options=parsing).select(SCHEMA.names)


def _read_parquet(path: Path) -> pa.Table:
    table = parquet.read_table(path)
    return table.select(SCHEMA.names)


def _whole_lines(path: Path) -> pa.BufferReader:
    """Return the file up to the end of its last whole line."""
    if not path.stat().st_size:  # nothing cannot be mapped
        return pa.BufferReader(b"")
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return pa.BufferReader(pa.py_buffer(data).slice(0, data.rfind(b"\n") + 1))


_READERS = {".csv": _read_csv, ".jsonl": _read_json, ".parquet": _read_parquet}
