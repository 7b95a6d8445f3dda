"""What made a file of results, kept beside it: ``talk.meta.json`` beside ``talk.csv``."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import cast

from common.json_files import read_json, write_json
from publisher.as_json import Json
from publisher.output_files import move_aside

PARQUET_KEY = b"ferstream"
"""Where a Parquet file has it, as JSON, in the metadata of its schema."""

log = logging.getLogger(__name__)


def metadata_file(results: Path) -> Path:
    """Return where the metadata of a file is."""
    return results.with_suffix(".meta.json")


def write_metadata(results: Path, metadata: Json) -> None:
    """Write the metadata of a file; records without them are better than none."""
    path = metadata_file(results)
    try:
        write_json(path, metadata)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error.strerror)


def read_metadata(results: Path) -> Json:
    """Return the metadata of a file, empty where there is none.

    Raises:
        ConfigError: It is damaged.
        OSError, ValueError: The results are to be a Parquet file, and are none.
    """
    if results.suffix.lower() == ".parquet":
        from pyarrow import parquet  # noqa: PLC0415 - 50 MB

        inside = parquet.read_metadata(results).metadata or {}
        return cast("Json", json.loads(inside.get(PARQUET_KEY, b"{}")))
    path = metadata_file(results)
    return read_json(path, dict, "remove it to go without") if path.is_file() else {}


def move_results_aside(results: Path) -> None:
    """Rename the file of an earlier run, and its metadata with it."""
    aside = move_aside(results)
    if metadata_file(results).is_file():
        metadata_file(results).rename(metadata_file(aside))
