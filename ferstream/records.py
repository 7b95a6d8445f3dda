"""Records as tables."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

import pyarrow as pa
from pyarrow import csv, parquet
from pyarrow import json as arrow_json

from publisher.as_json import Json
from publisher.faces import PublishedFrame
from publisher.results.format import FIELDS, Record, records_of
from publisher.results.metadata import PARQUET_KEY, read_metadata
from publisher.results.parquet_table import READING, SCHEMA

BATCH_ROWS = 10_000
"""So many records are in memory as objects of Python at once."""


def table_of(frames: Iterable[PublishedFrame], metadata: Json) -> pa.Table:
    """Return the records of frames; ``metadata_of`` the table gives what made them."""
    return _with_metadata(pa.Table.from_batches(_batches(frames), SCHEMA), metadata)


def write_parquet(frames: Iterable[PublishedFrame], metadata: Json, path: Path) -> int:
    """Write the records of frames and what made them to a file; return how many frames there were.

    Raises:
        OSError: It cannot be written.
    """
    count = 0

    def counted() -> Iterator[PublishedFrame]:
        nonlocal count
        for count, frame in enumerate(frames, 1):  # noqa: B007 - told when all are through
            yield frame

    schema = SCHEMA.with_metadata({PARQUET_KEY: json.dumps(metadata)})
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for batch in _batches(counted()):
            file.write_batch(batch)
    return count


def metadata_of(records: pa.Table) -> Json:
    """Return what made records: version, detector, model, source, start; empty where not known."""
    text = (records.schema.metadata or {}).get(PARQUET_KEY)
    return cast("Json", json.loads(text)) if text else {}


def _batches(frames: Iterable[PublishedFrame]) -> Iterator[pa.RecordBatch]:
    records: list[Record] = []
    for frame in frames:
        records += records_of(frame)
        if len(records) >= BATCH_ROWS:
            yield _batch(records)
            records = []
    yield _batch(records)


def _batch(records: list[Record]) -> pa.RecordBatch:
    columns = zip(*records, strict=True) if records else ((),) * len(FIELDS)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, SCHEMA.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def read(path: Path | str) -> pa.Table:
    """Return the records of a results file.

    Args:
        path: A ``.csv``, ``.jsonl`` or ``.parquet`` file, as ``PUBLISHER_RESULTS`` names it. A last
            line that was cut, as those of killed runs may be, is left out. ``metadata_of`` the
            table gives what made them.

    Raises:
        ValueError: It is none of these, or holds something else.
        OSError: It cannot be read.
    """
    path = Path(path)
    read_as = _READERS.get(path.suffix.lower())
    if read_as is None:
        raise ValueError(f"{path}: expected a file that ends in {', '.join(_READERS)}")
    try:
        records = read_as(path)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise ValueError(f"{path}: not the records of this version ({error})") from error
    if path.suffix.lower() == ".parquet":
        return records
    metadata = read_metadata(path)
    return _with_metadata(records, metadata) if metadata else records


def _with_metadata(records: pa.Table, metadata: Json) -> pa.Table:
    return records.replace_schema_metadata({PARQUET_KEY: json.dumps(metadata)})


def _read_csv(path: Path) -> pa.Table:
    quoting = csv.ParseOptions(newlines_in_values=True)
    return csv.read_csv(_whole_lines(path), parse_options=quoting, convert_options=READING)


def _read_json(path: Path) -> pa.Table:
    parsing = arrow_json.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="error")
    return arrow_json.read_json(_whole_lines(path), parse_options=parsing).select(SCHEMA.names)


def _read_parquet(path: Path) -> pa.Table:
    with parquet.ParquetFile(path) as file:
        records = file.read(SCHEMA.names)
        metadata = file.metadata.metadata or {}
    return records.replace_schema_metadata(
        {PARQUET_KEY: metadata[PARQUET_KEY]} if PARQUET_KEY in metadata else None
    )


def _whole_lines(path: Path) -> pa.BufferReader:
    """Return the file up to the end of its last whole line."""
    if not path.stat().st_size:  # nothing cannot be mapped
        return pa.BufferReader(b"")
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return pa.BufferReader(pa.py_buffer(data).slice(0, data.rfind(b"\n") + 1))


_READERS = {".csv": _read_csv, ".jsonl": _read_json, ".parquet": _read_parquet}
