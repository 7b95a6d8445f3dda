"""Where ring files are, what they are called, and removing those whose owner is dead."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import uuid
from pathlib import Path

import psutil

_NAME = re.compile(r"ferstream-(\d{1,9})-[0-9a-f]{8}\.ring", re.ASCII)

log = logging.getLogger(__name__)


def ring_directory() -> Path:
    """Return the directory for ring files: memory where the system offers it."""
    shared = Path("/dev/shm")  # noqa: S108 - files there get unguessable names and mode 0600
    return shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


def new_ring_path(directory: Path) -> Path:
    """Name a ring file after this process, so that others can see whether its owner lives."""
    return directory / f"ferstream-{os.getpid()}-{uuid.uuid4().hex[:8]}.ring"


def is_ring_name(path: Path) -> bool:
    """Return whether a path is named like a ring file."""
    return _NAME.fullmatch(path.name) is not None


def remove_stale_rings(directory: Path | None = None) -> list[Path]:
    """Delete ring files whose owner is dead, and return their paths."""
    removed = []
    for path in (directory or ring_directory()).glob("ferstream-*.ring"):
        match = _NAME.fullmatch(path.name)
        if match is None or psutil.pid_exists(int(match.group(1))):
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.debug("cannot remove %s: %s", path, error)  # another user's
        else:
            removed.append(path)
    return removed
