"""The file ``.env`` of a folder, as honcho reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from honcho.environ import parse


def with_env_file(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which what stands in ``.env`` wins, where there is such a file."""
    path = Path(".env")
    return {**environ, **(parse(path.read_text()) if path.is_file() else {})}
