"""Records as Parquet, by way of a journal.

A Parquet file has its index at its end: until that is written it cannot be read, and then nothing
can be added. So records go to a journal in CSV beside it, through kills and restarts like any
other file of records. While the journal grows it is turned into Parquet piece by piece, so that
little is left to do at the end, when the supervisor waits for three seconds only.
"""

from __future__ import annotations

import logging
from pathlib import Path

from common.errors import ConfigError
from publisher.as_json import Json
from publisher.faces import PublishedFrame
from publisher.output_files import RecordError, free_name, is_of_this_run, move_aside
from publisher.results.format import CSV_HEADER
from publisher.results.metadata import metadata_file, read_metadata
from publisher.results.parquet_table import BLOCK_BYTES, ParquetTable
from publisher.results.reader import cut_incomplete_line
from publisher.results.writer import Replay, ResultsWriter

log = logging.getLogger(__name__)


class ParquetWriter:
    """Writes records to a journal, and the journal to a Parquet file.

    Args:
        path: The ``.parquet`` file.
        run_began: As ``is_of_this_run`` has it.
        replay: As ``ResultsWriter`` has it.

    Raises:
        RecordError: The journal of an earlier run, or of the process before, cannot be read.
    """

    def __init__(
        self, path: Path, run_began: float | None = None, replay: Replay = lambda *_: None
    ) -> None:
        self.path = path
        self._journal_path = journal_of(path)
        if not is_of_this_run(self._journal_path, run_began):
            _take_up(self._journal_path, path)
        self._journal = ResultsWriter(self._journal_path, run_began, replay)
        self.last_recorded = self._journal.last_recorded
        self.expect_frame = self._journal.expect_frame
        self._metadata: Json = {}
        self._trouble: str | None = None
        self._table: ParquetTable | None = None
        self._converted = len(CSV_HEADER)
        if self._journal.is_continued:
            try:
                self._convert()  # now: once it runs, ten seconds would be taken for a hang
            except (OSError, ValueError) as error:
                raise RecordError(f"cannot go on writing {path}: {error}") from error

    @property
    def written(self) -> int:
        """How many records have been written, to the journal at least."""
        return self._journal.written

    @property
    def trouble(self) -> str | None:
        """Why writing has stopped; None while all is well."""
        return self._trouble or self._journal.trouble

    def describe(self, metadata: Json) -> None:
        """Take what made the records; the file gets it at its end, and until then the journal."""
        self._metadata = metadata
        self._journal.describe(metadata)

    def write_frame(self, frame: PublishedFrame) -> None:
        """Write the records of one frame.

        Raises:
            RecordError: They cannot be written and the run is lossless.
        """
        self._journal.write_frame(frame)
        if self._journal.size_bytes - self._converted >= BLOCK_BYTES:
            try:
                self._convert()
            except OSError as error:
                self._discard()
                self._journal.give_up(self.path, error, frame.mode)

    def close(self) -> None:
        """Close the journal; there it can be gone on from."""
        self._journal.close()
        self._discard()

    def finish(self) -> None:
        """Finish the Parquet file and remove the journal; what cannot be finished stays in it."""
        self._journal.close()
        if not self._journal_path.is_file():
            return
        try:
            table = self._convert()
            if self.path.exists():
                move_aside(self.path)
            table.finish(self._metadata)
            _remove(self._journal_path)
            self._table = None
        except OSError as error:
            self._discard()
            self._trouble = (
                f"{self.path} cannot be written: {error.strerror or error}; its records are in "
                f"{self._journal_path}, and the next run that records to it writes them"
            )
            log.error("%s", self._trouble)

    def _convert(self) -> ParquetTable:
        """Add to the Parquet file what has come to the journal since."""
        if self._table is None:
            self._table = ParquetTable(self.path)
        self._converted = self._table.add_journal(self._journal_path, self._converted)
        return self._table

    def _discard(self) -> None:
        """Remove the unfinished file; another one begins with the first record again."""
        if self._table is not None:
            self._table.discard()
        self._table = None
        self._converted = len(CSV_HEADER)


def journal_of(path: Path) -> Path:
    """Return the path of the journal of a Parquet file."""
    return path.with_name(f"{path.name}.journal.csv")


def _remove(journal: Path) -> None:
    journal.unlink()
    metadata_file(journal).unlink(missing_ok=True)


def _metadata_left(journal: Path) -> Json:
    """Return what made the records of an earlier run; records without that are better than none."""
    try:
        return read_metadata(journal)
    except ConfigError as error:
        log.warning("%s", error)
        return {}


def _take_up(journal: Path, path: Path) -> None:
    """Write out the journal that an earlier run had no time to."""
    if not journal.is_file():
        return
    target = free_name(path) if path.exists() else path
    try:
        cut_incomplete_line(journal)
        if journal.stat().st_size <= len(CSV_HEADER):
            _remove(journal)
            return
        table = ParquetTable(target)
        try:
            table.add_journal(journal, len(CSV_HEADER))
            table.finish(_metadata_left(journal))
        except (OSError, ValueError):
            table.discard()
            raise
        _remove(journal)
    except (OSError, ValueError) as error:
        raise RecordError(
            f"an earlier run left its records in {journal}, and they cannot be written to "
            f"{target}: {error}; make room, or move that file away, and run again"
        ) from error
    log.info("wrote the records that an earlier run left in %s to %s", journal, target)
