"""Settings of the publisher. Imported by its supervisor too, so it imports nothing heavy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from common.config import BrokerSettings, integer, setting, user_path, words

RESULTS_ENDINGS = (".csv", ".jsonl", ".parquet")
VIDEO_ENDING = ".mp4"


def results_path(text: str) -> Path:
    """Accept a file to write records to, in a folder that can be written."""
    path = user_path(text).absolute()
    if path.suffix.lower() not in RESULTS_ENDINGS:
        raise ValueError(f"a path that ends in {' or '.join(RESULTS_ENDINGS)}")
    _check_folder(path.parent)
    if path.is_dir():
        raise ValueError("a file that can be written; this is a folder")
    return path


def record_path(text: str) -> Path:
    """Accept a video to write, or a folder of images: one that exists, or a name that ends in /."""
    path = user_path(text).absolute()
    if path.is_dir():
        _check_folder(path)
        return path
    if text.endswith(os.sep) == (path.suffix.lower() == VIDEO_ENDING):
        raise ValueError(f"a video that ends in {VIDEO_ENDING}, or a folder that ends in /")
    _check_folder(path.parent)
    return path


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ValueError(f"a path in a folder that exists; {folder} does not")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"a file that can be written; {folder} does not allow it")


@dataclass(frozen=True, slots=True)
class PublisherConfig(BrokerSettings):
    """Settings of the publisher."""

    host: str = setting(
        "PUBLISHER_HOST",
        "127.0.0.1",
        words,
        "where the page is served; 0.0.0.0 lets every machine that reaches this one see it",
    )
    port: int = setting("PUBLISHER_PORT", 5000, integer(1, 65535), "the port of the page")
    results: Path | None = setting(
        "PUBLISHER_RESULTS",
        None,
        results_path,
        "write one record a face to this .csv, .jsonl or .parquet",
    )
    record: Path | None = setting(
        "PUBLISHER_RECORD",
        None,
        record_path,
        "record the annotated pictures to this .mp4, or as images to this folder/",
    )
    record_clean: Path | None = setting(
        "PUBLISHER_RECORD_CLEAN",
        None,
        record_path,
        "record the pictures without annotation, likewise",
    )
    max_viewers: int = setting(
        "PUBLISHER_MAX_VIEWERS",
        200,
        integer(1, 1000),
        "streams of pictures at once, and as many of events; more are turned away",
    )
    jpeg_quality: int = setting(
        "PUBLISHER_JPEG_QUALITY", 80, integer(10, 100), "quality of the pictures"
    )
