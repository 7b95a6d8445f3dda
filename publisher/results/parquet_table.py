"""Records as a Parquet table: its columns, and a file of them that is made piece by piece."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from publisher.as_json import Json
from publisher.output_files import OutputFile
from publisher.results.format import FIELDS
from publisher.results.metadata import PARQUET_KEY

BLOCK_BYTES = 2 * 1024 * 1024
"""So much CSV is read at once, about 7,000 records: they become one row group."""
ARROW_TYPES = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", "UTC"),
}
SCHEMA = pa.schema([(field, ARROW_TYPES[kind]) for field, kind in FIELDS.items()])
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
        path: Where the file is to be.

    Raises:
        OSError: It cannot be written there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new = path.with_name(f".new-{path.name}")
        self._output = OutputFile(self._new)
        self._writer = parquet.ParquetWriter(self._output, SCHEMA, compression="zstd")

    def add_journal(self, journal: Path, start: int) -> int:
        """Add the records of a journal from a byte on; return the byte after the last.

        Args:
            journal: The records as ``csv_lines`` writes them.
            start: Where the first of them begins.

        Raises:
            OSError: They cannot be written.
            ValueError: They are no such lines.
        """
        reading = csv.ReadOptions(column_names=list(FIELDS), block_size=BLOCK_BYTES)
        quoting = csv.ParseOptions(newlines_in_values=True)
        with journal.open("rb") as lines:
            end = lines.seek(0, io.SEEK_END)
            if end > start:
                lines.seek(start)
                with csv.open_csv(lines, reading, quoting, READING) as batches:
                    for batch in batches:
                        self._writer.write_batch(batch)
        return end

    def finish(self, metadata: Json | None = None) -> None:
        """Write the end and put the file in its place.

        Args:
            metadata: What made the records, if that is known.

        Raises:
            OSError: That was not possible.
        """
        if metadata:
            self._writer.add_key_value_metadata({PARQUET_KEY: json.dumps(metadata)})
        self._writer.close()
        self._output.close()
        self._new.replace(self._path)

    def discard(self) -> None:
        """Remove what there is of the file, after an error or before."""
        self._output.give_up(0)
        self._writer.close()
        self._output.close()
        self._new.unlink(missing_ok=True)
