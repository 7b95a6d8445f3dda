"""Which writer results get: their ending tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from publisher.results.writer import Replay, ResultsWriter

if TYPE_CHECKING:
    from publisher.results.parquet import ParquetWriter


Results: TypeAlias = "ResultsWriter | ParquetWriter"


def open_results(path: Path | None, run_began: float | None, replay: Replay) -> Results:
    """Return the writer for a path, or for none; the arguments are those of ``ResultsWriter``."""
    if path is None or path.suffix.lower() != ".parquet":
        return ResultsWriter(path, run_began, replay)
    from publisher.results.parquet import ParquetWriter  # noqa: PLC0415 - 50 MB

    return ParquetWriter(path, run_began, replay)
