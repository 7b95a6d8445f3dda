"""Settings of the publisher. Imported by its supervisor too, so it imports nothing heavy."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from common.config import BrokerSettings, choice, existing_file, integer, setting, user_path, words

SECRET = "FERSTREAM_PUBLISHER_SECRET"  # noqa: S105 - the name of one
"""The variable by which the supervisor gives its stage the secret that sessions follow from."""
OPEN = "open"
HOST_NAME = re.compile(r"[\w.-]+|[0-9a-fA-F:]+:[0-9a-fA-F:]*", re.ASCII)
"""A name, an IPv4 or an IPv6 address."""
RESULTS_ENDINGS = (".csv", ".jsonl", ".parquet")
VIDEO_ENDING = ".mp4"
CLIENT_CONNECTIONS = 64
"""A browser opens six to one server, however many of its windows show the page."""


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


def host_names(text: str) -> tuple[str, ...]:
    """Accept names of this server, with a comma between them and without a port."""
    names = tuple(name.strip() for name in text.split(","))
    if not all(map(HOST_NAME.fullmatch, names)):
        raise ValueError("names such as cam.example.com or 192.168.1.5, with a comma between them")
    return names


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
        "where the page is served; 0.0.0.0 is every address of this machine; beyond this machine a "
        "token is asked for",
    )
    port: int = setting("PUBLISHER_PORT", 5000, integer(1, 65535), "the port of the page")
    token_file: Path | None = setting(
        "PUBLISHER_TOKEN_FILE",
        None,
        existing_file,
        "a file with lines of `viewer TOKEN` or `operator TOKEN`; without it tokens are made at "
        "start, where they are needed, and printed",
    )
    hosts: tuple[str, ...] | None = setting(
        "PUBLISHER_HOSTS",
        None,
        host_names,
        "more names that the page is opened by, with a comma between them",
    )
    probes: str = setting(
        "PUBLISHER_PROBES",
        "token",
        choice("token", OPEN),
        "whether /healthz, /readyz and /metrics need a token where the page does, or are open",
    )
    tls_cert: Path | None = setting(
        "PUBLISHER_TLS_CERT",
        None,
        existing_file,
        "serve https with this certificate and its chain, PEM; read at the start",
    )
    tls_key: Path | None = setting(
        "PUBLISHER_TLS_KEY", None, existing_file, "the certificate's key, PEM, without a password"
    )
    client_connections: int = setting(
        "PUBLISHER_CLIENT_CONNECTIONS",
        CLIENT_CONNECTIONS,
        integer(1, 10_000),
        "connections at once of one address, those of this machine not counted",
    )
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
