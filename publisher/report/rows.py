"""Reading recorded results for a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from common.errors import FerstreamError
from common.progress_bar import BAR_DELAY_S, progress_bar
from publisher.config import RESULTS_ENDINGS
from publisher.results.parquet import journal_of
from publisher.results.reader import Row, read_rows


class ReportError(FerstreamError):
    """There is nothing to make a report of; says why and what to do."""


def rows_to_report(path: Path) -> Iterator[Row]:
    """Yield the records of a file, with a progress bar where somebody sees it.

    Raises:
        ReportError: There is no such file, or it holds no records.
    """
    if path.suffix.lower() not in RESULTS_ENDINGS:
        raise ReportError(f"{path}: expected a file that ends in {' or '.join(RESULTS_ENDINGS)}")
    if not path.is_file():
        raise ReportError(f"{path}: there is no such file; {_what_instead(path)}")
    is_empty = True
    size = path.stat().st_size
    try:
        with progress_bar(None, "reading", "B", total=size, delay_s=BAR_DELAY_S) as bar:
            for row in read_rows(path, bar.update):
                is_empty = False
                yield row
    except (OSError, ValueError) as error:
        raise ReportError(str(error)) from error
    if is_empty:
        raise ReportError(f"{path} holds no records; nothing was recorded to it")


def _what_instead(path: Path) -> str:
    journal = journal_of(path)
    if journal.is_file():
        return f"its run was killed and left its records in {journal}: name that file"
    return f"PUBLISHER_RESULTS={path} records one"
