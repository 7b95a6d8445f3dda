"""What results and recordings need of the file system."""

from __future__ import annotations

import io
import logging
from pathlib import Path

from common.errors import FerstreamError

MTIME_TICK_S = 0.02
"""The clock of a file system ticks as coarsely."""

log = logging.getLogger(__name__)


class RecordError(FerstreamError):
    """Records or pictures of a lossless run cannot be written."""


def is_of_this_run(path: Path, run_began: float | None) -> bool:
    """Return whether a process of this run wrote the file before it died.

    Args:
        path: The file; it need not exist.
        run_began: When the run began that this process goes on with, as its supervisor restarted
            it: wall clock in seconds. None where the run begins with this process.
    """
    return (
        run_began is not None and path.is_file() and path.stat().st_mtime > run_began - MTIME_TICK_S
    )


def free_name(path: Path) -> Path:
    """Return the next free ``name.N.ending``."""
    number = 1
    while (free := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    return free


def move_aside(path: Path) -> Path:
    """Rename the file of an earlier run to the next free name, and return that."""
    aside = free_name(path)
    path.rename(aside)
    log.info("%s is there already; moved it to %s", path, aside)
    return aside


class OutputFile:
    """A file for libraries to write to that cannot be told to leave off.

    It takes each piece whole or raises; once it is given up, it takes everything and keeps nothing.
    FFmpeg does not look how much of a piece was taken, and neither it nor Arrow can close a file
    without writing the rest.

    Args:
        path: The file, which is made or overwritten.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file = io.FileIO(path, "w")
        self._is_given_up = False

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._file.closed

    def write(self, data: bytes | memoryview) -> int:
        """Append a piece; ``OSError`` where that is not possible."""
        rest = memoryview(data)
        while rest and not self._is_given_up:
            rest = rest[self._file.write(rest) :]
        return len(data)

    def tell(self) -> int:
        """Return the size."""
        return self._file.tell()

    def flush(self) -> None:
        """Do nothing: everything is with the system already."""

    def give_up(self, keep: int) -> None:
        """Keep so many bytes from the beginning, and nothing that is still to come."""
        self._is_given_up = True
        self._file.truncate(keep)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
