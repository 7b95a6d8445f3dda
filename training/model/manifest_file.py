"""The ``manifest.json`` beside a model as a file; ``training.run.manifest`` says what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, cast

from common.files import file_sha256
from common.json_files import checked, read_json

_REMEDY = "remove it or export again"


class DataFacts(TypedDict, total=False):
    """The data that a model was trained on, as far as training itself reads it again."""

    content_sha256: str


class Manifest(TypedDict, total=False):
    """A manifest, as far as training itself reads it again; there is more in it.

    The parts of ``files``, ``metrics`` and ``quantized`` are named after the files they are about.
    """

    files: dict[str, dict[str, object]]
    metrics: dict[str, dict[str, object]]
    quantized: dict[str, dict[str, object]]
    config: dict[str, object]
    data: DataFacts


def read_manifest(file: Path) -> Manifest:
    """Return the whole manifest of a folder, an empty one where there is none.

    Raises:
        ConfigError: The file is no manifest.
    """
    if not file.exists():
        return {}
    values = read_json(file, dict[str, object], _REMEDY)
    checked(values, Manifest, file, _REMEDY)
    return cast(Manifest, values)


def file_facts(file: Path) -> dict[str, object]:
    """Return what tells a file from another: its SHA-256 and its size in bytes."""
    return {"sha256": file_sha256(file), "bytes": file.stat().st_size}
