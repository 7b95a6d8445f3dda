"""Records as tables."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from publisher.faces import PublishedFrame
from publisher.results.format import FIELDS, Record, records_of
from publisher.results.parquet_table import SCHEMA

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
