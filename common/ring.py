"""Frames in shared memory: one memory-mapped file per camera, divided into slots.

The capture writes each frame once; detectors and publishers map the same file and read it in
place. Plain ``numpy.memmap`` on a file in ``/dev/shm`` (or the temporary directory where there is
none): no resource tracker, no pickling. Who may write which slot when is the broker's business.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

from common.errors import SourceError
from common.pixels import Bgr
from common.ring_files import is_ring_name, new_ring_path, ring_directory


class RingWriter:
    """The capture's side: makes the file, writes slots, deletes the file.

    Args:
        height: Height of every frame, in pixels.
        width: Width of every frame, in pixels.
        slots: How many frames the ring holds.
        directory: Where the file goes, by default ``ring_directory()``.

    Raises:
        SourceError: There is not enough free space for the ring.
    """

    def __init__(self, height: int, width: int, slots: int, directory: Path | None = None) -> None:
        directory = directory or ring_directory()
        needed = height * width * 3 * slots
        free = shutil.disk_usage(directory).free
        if needed > free:
            raise SourceError(
                f"{slots} frames of {width}x{height} need {needed / 1e6:.0f} MB in {directory}, "
                f"which has {free / 1e6:.0f} MB free; enlarge it (docker: --shm-size=512m)"
            )
        self.path = new_ring_path(directory)
        self.shape = (height, width, 3)
        self.path.touch(mode=0o600, exist_ok=False)
        try:
            _reserve(self.path, needed)
            self._slots = np.memmap(self.path, np.uint8, "r+", shape=(slots, *self.shape))
        except (OSError, ValueError) as error:
            self.close()
            raise SourceError(
                f"cannot make a ring of {slots} frames of {width}x{height} in {directory}: {error}"
            ) from error

    def write(self, slot: int, bgr: Bgr) -> None:
        """Copy a frame of the ring's shape into a slot."""
        self._slots[slot] = bgr

    def close(self) -> None:
        """Delete the file; who has it mapped keeps the pixels until it lets go."""
        self.path.unlink(missing_ok=True)


def _reserve(path: Path, size: int) -> None:
    """Take for a file its size and, where the system can, its space.

    Writing to a mapped page that has no space left kills the process, so it is taken now.
    """
    with path.open("r+b") as file:
        if hasattr(os, "posix_fallocate"):  # not on macOS
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)


class RingReader:
    """A detector's or publisher's side: maps ring files when frames first name them."""

    def __init__(self) -> None:
        self._mapped: dict[str, np.memmap[tuple[int, ...], np.dtype[np.uint8]]] = {}

    def read(self, ring: str, slot: int, height: int, width: int) -> Bgr:
        """Return a read-only view of a slot; it shows the frame until its slot is released.

        Raises:
            SourceError: The ring is gone, or has no such slot.
        """
        mapped = self._mapped.get(ring)
        if mapped is None:
            self._forget_deleted()
            mapped = self._mapped[ring] = self._map(ring)
        size = height * width * 3
        start = slot * size
        if min(height, width) < 1 or slot < 0 or start + size > mapped.size:
            raise SourceError(f"ring {ring} has no slot {slot} of {width}x{height} pixels")
        view: Bgr = mapped[start : start + size].reshape(height, width, 3)
        return view

    def _map(self, ring: str) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
        if not is_ring_name(Path(ring)):
            raise SourceError(f"{ring} is not the name of a ring file")
        try:
            return np.memmap(ring, np.uint8, "r")
        except (OSError, ValueError) as error:
            raise SourceError(f"ring {ring} cannot be mapped: {error}") from error

    def _forget_deleted(self) -> None:
        self._mapped = {ring: data for ring, data in self._mapped.items() if Path(ring).exists()}
