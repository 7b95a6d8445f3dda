"""The ``manifest.json`` beside a model as a file; ``training.run.manifest`` says what is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from common.errors import ConfigError
from common.files import file_sha256, replacing

FILES, METRICS, QUANTIZED = "files", "metrics", "quantized"
"""Parts of a manifest, each an object with one entry a file."""


def read_manifest(file: Path) -> dict[str, dict[str, object]]:
    """Returns the manifest of a folder, an empty one where there is none.

    Raises:
        ConfigError: if the file is no manifest.
    """
    if not file.exists():
        return {}
    try:
        values = json.loads(file.read_bytes())
    except ValueError as err:
        raise ConfigError(f"{file} is not valid JSON ({err}); remove it or export again") from err
    keys = (FILES, METRICS, QUANTIZED)
    parts = [values.get(key, {}) for key in keys] if isinstance(values, dict) else [None]
    if not all(isinstance(part, dict) for part in parts):
        raise ConfigError(f"{file} is no manifest of training.export; remove it or export again")
    return dict(values)


def write_json(file: Path, values: Mapping[str, object]) -> None:
    """Writes an object in one step."""
    with replacing(file) as new:
        new.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def file_facts(file: Path) -> dict[str, str | int]:
    """Returns what tells a file from another: its SHA-256 and its size in bytes."""
    return {"sha256": file_sha256(file), "bytes": file.stat().st_size}
