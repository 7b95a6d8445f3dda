"""Records as a Parquet table: its columns, and a file of them that is made piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv, parquet

from publisher.output_file import OutputFile
from publisher.results.format import FIELDS, FLAG_FIELDS, TEXT_FIELDS, TIME_FIELDS, WHOLE_FIELDS

BLOCK_BYTES = 2 * 1024 * 1024
"""Of CSV read at once, about 7,000 records: they become one row group."""


def _type_of(field: str) -> pa.DataType:
    if field in TEXT_FIELDS:
        return pa.string()
    if field in TIME_FIELDS:
        return pa.timestamp("us", "UTC")
    if field in FLAG_FIELDS:
        return pa.bool_()
    return pa.int64() if field in WHOLE_FIELDS else pa.float64()


SCHEMA = pa.schema([(field, _type_of(field)) for field in FIELDS])
READING = csv.ConvertOptions(
    column_types=SCHEMA,
    include_columns=list(FIELDS),
    null_values=[""],
    true_values=["true"],
    false_values=["false"],
    strings_can_be_null=True,
)


class ParquetTable:
    """A Parquet file that takes its place when it is finished, and not before.

    Args:
        path: Where it is to be.

    Raises:
        OSError: It cannot be written there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new = path.with_name(f".new-{path.name}")
        self._output = OutputFile(self._new)
        self._writer = parquet.ParquetWriter(self._output, SCHEMA, compression="zstd")

    def add(self, lines: BinaryIO) -> None:
        """Add records.

        Args:
            lines: As ``csv_lines`` writes them, without the header.

        Raises:
            OSError: They cannot be written.
            ValueError: They are no such lines.
        """
        reading = csv.ReadOptions(column_names=list(FIELDS), block_size=BLOCK_BYTES)
        quoting = csv.ParseOptions(newlines_in_values=True)
        with csv.open_csv(lines, reading, quoting, READING) as batches:
            for batch in batches:
                self._writer.write_batch(batch)

    def finish(self) -> None:
        """Write the end and put the file in its place.

        Raises:
            OSError: That was not possible.
        """
        self._writer.close()
        self._output.close()
        self._new.replace(self._path)

    def discard(self) -> None:
        """Remove what there is of the file, after an error or before."""
        self._output.give_up(0)
        self._writer.close()
        self._output.close()
        self._new.unlink(missing_ok=True)
