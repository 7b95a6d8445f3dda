"""Glob patterns that are given in place of files."""

from __future__ import annotations

from glob import glob, has_magic
from pathlib import Path

from common.errors import ConfigError


def matches_of(source: str) -> list[Path] | None:
    """Return what fits a pattern, sorted; None where the source is none, or names what is there.

    Raises:
        ConfigError: Nothing fits.
    """
    path = Path(source).expanduser()
    if not has_magic(source) or path.exists():
        return None
    found = sorted(map(Path, glob(str(path), recursive=True)))  # noqa: PTH207 - of any root
    if not found:
        raise ConfigError(f"{source}: nothing fits")
    return found
