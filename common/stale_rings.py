"""Removing the ring files that nobody holds any more."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from common.errors import SourceError
from common.ring_files import lock_ring, ring_directory

log = logging.getLogger(__name__)


def remove_stale_rings() -> list[Path]:
    """Delete ring files whose writer is gone, and return their paths."""
    try:
        paths = list(ring_directory().glob("*.ring"))
    except SourceError as error:
        log.debug("no rings to remove: %s", error)  # who is to make one says it aloud
        return []
    return [path for path in paths if _is_removed(path)]


def _is_removed(path: Path) -> bool:
    """Delete a ring that can be locked; a capture that has just made it sees that it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        log.debug("cannot open %s: %s", path, error)
        return False
    try:
        if not lock_ring(descriptor):
            return False
        path.unlink()
    except OSError as error:
        log.debug("cannot remove %s: %s", path, error)
        return False
    finally:
        os.close(descriptor)
    return True
