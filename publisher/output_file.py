"""A file for libraries to write to that cannot be told to leave off."""

from __future__ import annotations

import io
from pathlib import Path


class OutputFile:
    """Takes each piece whole or raises; once it is given up, takes everything and keeps nothing.

    FFmpeg does not look how much of a piece was taken, and neither it nor Arrow can close a file
    without writing the rest.

    Args:
        path: Is made, or overwritten.

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
        """Give the size."""
        return self._file.tell()

    def flush(self) -> None:
        """Everything is with the system already."""

    def give_up(self, keep: int) -> None:
        """Keep so many bytes from the beginning, and nothing that is still to come."""
        self._is_given_up = True
        self._file.truncate(keep)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
