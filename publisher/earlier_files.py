"""What lies already where something is to be recorded."""

from __future__ import annotations

import logging
from pathlib import Path

MTIME_TICK_S = 0.02

log = logging.getLogger(__name__)


def changed_since(path: Path, at: float) -> bool:
    """Tell whether the file exists and was written to; the file system's clock ticks coarsely."""
    return path.is_file() and path.stat().st_mtime > at - MTIME_TICK_S


def free_name(path: Path) -> Path:
    """Give the next free ``name.N.ending``."""
    number = 1
    while (free := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    return free


def move_aside(path: Path) -> None:
    """Rename the file of an earlier run to the next free name."""
    aside = free_name(path)
    path.rename(aside)
    log.info("%s is there already; moved it to %s", path, aside)
