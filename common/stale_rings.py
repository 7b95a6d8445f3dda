"""Removing the ring files whose owner is dead."""

from __future__ import annotations

import logging
from pathlib import Path

import psutil

from common.ring_files import ring_directory, ring_owner

log = logging.getLogger(__name__)


def remove_stale_rings(directory: Path | None = None) -> list[Path]:
    """Delete ring files whose owner is dead, and return their paths."""
    removed = []
    for path in (directory or ring_directory()).glob("ferstream-*.ring"):
        owner = ring_owner(path)
        if owner is None or psutil.pid_exists(owner):
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.debug("cannot remove %s: %s", path, error)  # another user's
        else:
            removed.append(path)
    return removed
