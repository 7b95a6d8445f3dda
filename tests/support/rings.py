"""Whose a ring file is."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from common.ring_files import lock_ring


def is_stale(ring: Path) -> bool:
    """Return whether a ring file is there and nobody holds it."""
    try:
        descriptor = os.open(ring, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return lock_ring(descriptor)
    finally:
        os.close(descriptor)


def rings_of(process: psutil.Process) -> set[Path]:
    """Return the ring files that a process has open and that have their names."""
    opened = (Path(file.path) for file in process.open_files())
    return {path for path in opened if path.suffix == ".ring" and path.exists()}
