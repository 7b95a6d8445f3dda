"""Where ring files are, and what they are called."""

from __future__ import annotations

import os
import re
from pathlib import Path

_NAME = re.compile(r"ferstream-(\d{1,9})-[0-9a-f]{8}\.ring", re.ASCII)


def ring_directory() -> Path:
    """Return the directory for ring files: memory where the system offers it."""
    shared = Path("/dev/shm")  # noqa: S108 - files there get unguessable names and mode 0600
    if os.access(shared, os.W_OK):
        return shared
    import tempfile  # noqa: PLC0415 - supervisors import this file, and seldom need it

    return Path(tempfile.gettempdir())


def new_ring_path(directory: Path) -> Path:
    """Name a ring file after this process, so that others can see whether its owner lives."""
    return directory / f"ferstream-{os.getpid()}-{os.urandom(4).hex()}.ring"


def is_ring_name(path: Path) -> bool:
    """Return whether a path is named like a ring file."""
    return ring_owner(path) is not None


def ring_owner(path: Path) -> int | None:
    """Return the number of the process that a ring file is named after, None for other files."""
    match = _NAME.fullmatch(path.name)
    return int(match.group(1)) if match else None
