"""Records as Parquet, by way of a journal.

A Parquet file has its index at its end: until that is written it cannot be read, and then nothing
can be added. So records go to a journal in CSV beside it, through kills and restarts like any
other file of records. While the journal grows it is turned into Parquet piece by piece, so that
little is left to do at the end, when the supervisor waits for three seconds only.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from common.messages import Result
from publisher.earlier_files import changed_since, free_name, move_aside
from publisher.faces import Face
from publisher.results.format import csv_header
from publisher.results.parquet_table import BLOCK_BYTES, ParquetTable
from publisher.results.reader import RecordedFrame, cut_incomplete_line
from publisher.results.writer import RecordError, ResultsWriter

log = logging.getLogger(__name__)


class ParquetWriter(ResultsWriter):
    """Writes records to a journal, and the journal to a Parquet file.

    Args:
        path: The ``.parquet`` file.
        continues_since: As ``ResultsWriter`` has it.
        replay: As ``ResultsWriter`` has it.

    Raises:
        RecordError: The journal of an earlier run, or of the process before, cannot be read.
    """

    def __init__(
        self,
        path: Path,
        continues_since: float | None = None,
        replay: Callable[[RecordedFrame], None] = lambda _: None,
    ) -> None:
        self._target = path
        self._journal = journal_of(path)
        if continues_since is None or not changed_since(self._journal, continues_since):
            _take_up(self._journal, path)
        super().__init__(self._journal, continues_since, replay)
        self._table: ParquetTable | None = None
        self._converted = len(csv_header())
        if self._continues:
            try:
                self._convert()  # now: once it runs, ten seconds would be taken for a hang
            except (OSError, ValueError) as error:
                raise RecordError(f"cannot go on writing {path}: {error}") from error

    def write(self, result: Result, faces: Sequence[Face]) -> None:
        """Write the records of one frame.

        Raises:
            RecordError: They cannot be written and the run is lossless.
        """
        super().write(result, faces)
        if self._file is not None and self._file.tell() - self._converted >= BLOCK_BYTES:
            try:
                self._convert()
            except OSError as error:
                self._give_up(self._target, error, result.mode)

    def close(self) -> None:
        """Close the journal; there it can be gone on from."""
        super().close()
        self._discard()

    def finish(self) -> None:
        """Finish the Parquet file and remove the journal; what cannot be finished stays in it."""
        super().close()
        if not self._journal.is_file():
            return
        try:
            table = self._convert()
            if self._target.exists():
                move_aside(self._target)
            table.finish()
            self._journal.unlink()
            self._table = None
        except OSError as error:
            self._discard()
            self.trouble = (
                f"{self._target} cannot be written: {error.strerror or error}; its records are in "
                f"{self._journal}, and the next run that records to it writes them"
            )
            log.error("%s", self.trouble)

    def _convert(self) -> ParquetTable:
        """Add to the Parquet file what has come to the journal since."""
        if self._table is None:
            self._table = ParquetTable(self._target)
        with self._journal.open("rb") as journal:
            size = journal.seek(0, io.SEEK_END)
            if size > self._converted:
                journal.seek(self._converted)
                self._table.add(journal)
        self._converted = size
        return self._table

    def _discard(self) -> None:
        """Remove the unfinished file; another one begins with the first record again."""
        if self._table is not None:
            self._table.discard()
        self._table = None
        self._converted = len(csv_header())


def journal_of(path: Path) -> Path:
    """Give the path of the journal of a Parquet file."""
    return path.with_name(f"{path.name}.journal.csv")


def _take_up(journal: Path, path: Path) -> None:
    """Write out the journal that an earlier run had no time to."""
    if not journal.is_file():
        return
    target = free_name(path) if path.exists() else path
    try:
        cut_incomplete_line(journal)
        if journal.stat().st_size <= len(csv_header()):
            journal.unlink()
            return
        table = ParquetTable(target)
        try:
            with journal.open("rb") as lines:
                lines.seek(len(csv_header()))
                table.add(lines)
            table.finish()
        except (OSError, ValueError):
            table.discard()
            raise
        journal.unlink()
    except (OSError, ValueError) as error:
        raise RecordError(
            f"an earlier run left its records in {journal}, and they cannot be written to "
            f"{target}: {error}; make room, or move that file away, and run again"
        ) from error
    log.info("wrote the records that an earlier run left in %s to %s", journal, target)
