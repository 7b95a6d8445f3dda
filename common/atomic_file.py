"""Writes a file in one step: who reads it finds the old one or the new, never half of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Gives the path of a new file beside ``file``, which takes its place if nothing fails.

    The new file ends in the same suffix, which some libraries choose the format by. It is removed
    where the block raises; of a process that is killed it stays, and the next one overwrites it.

    Raises:
        OSError: if the new file was not written, or cannot take the place of ``file``.
    """
    new = file.with_name(f".new-{file.name}")
    try:
        yield new
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
