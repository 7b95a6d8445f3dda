"""Files written in one step, and files told apart by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_CHUNK_BYTES = 2**20


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield the path of a new file beside ``file``, which takes its place if nothing fails.

    Whoever reads ``file`` meanwhile finds the old one or the new, never half of one. The new file
    ends in the same suffix, which some libraries choose the format by. It is removed where the
    block raises; of a process that is killed it stays, and the next one overwrites it.

    Raises:
        OSError: The new file was not written, or cannot take the place of ``file``.
    """
    new = file.with_name(f".new-{file.name}")
    try:
        yield new
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def file_sha256(file: Path, beat: Callable[[], object] = lambda: None) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Args:
        file: Any file.
        beat: Called often meanwhile, since a large file takes minutes.
    """
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
            beat()
    return digest.hexdigest()
