"""Settings of the publisher. Imported by its supervisor too, so it imports nothing heavy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from common.config import BrokerSettings, integer, setting, user_path, words

RESULTS_ENDINGS = (".csv", ".jsonl")


def results_path(text: str) -> Path:
    """Accept a file to write records to, in a folder that can be written."""
    path = user_path(text).absolute()
    if path.suffix.lower() not in RESULTS_ENDINGS:
        raise ValueError(f"a path that ends in {' or '.join(RESULTS_ENDINGS)}")
    if not path.parent.is_dir():
        raise ValueError(f"a path in a folder that exists; {path.parent} does not")
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise ValueError(f"a file that can be written; {path.parent} does not allow it")
    return path


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
        "PUBLISHER_RESULTS", None, results_path, "write one record a face to this .csv or .jsonl"
    )
    max_viewers: int = setting(
        "PUBLISHER_MAX_VIEWERS", 200, integer(1, 1000), "more than these are turned away"
    )
    jpeg_quality: int = setting(
        "PUBLISHER_JPEG_QUALITY", 80, integer(10, 100), "quality of the pictures"
    )
