"""Frames in shared memory: one memory-mapped file per camera, divided into slots.

The capture writes each frame once; detectors and publishers map the same file and read it in
place. Plain ``numpy.memmap`` on a file in ``/dev/shm`` (or the temporary directory where there is
none): no resource tracker, no pickling. Who may write which slot when is the broker's business;
whose file it is, that of ``common/ring_files.py``.
"""

from __future__ import annotations

import os
import shutil
import time
from io import BufferedRandom
from pathlib import Path

import numpy as np

from common.errors import SourceError
from common.pixels import Bgr
from common.ring_files import has_name, lock_ring, new_ring_path, open_ring, ring_directory

TIDY_INTERVAL_S = 1.0
"""How long a deleted ring stays mapped by who reads it no more: a capture that was started again
waits for its memory."""


class RingWriter:
    """The capture's side: makes the file, writes slots, deletes the file.

    Args:
        height: Height of every frame, in pixels.
        width: Width of every frame, in pixels.
        slots: How many frames the ring holds.

    Raises:
        SourceError: There is not enough free space for the ring, or the file cannot be made.
    """

    def __init__(self, height: int, width: int, slots: int) -> None:
        directory = ring_directory()
        count, need = ("1 frame", "needs") if slots == 1 else (f"{slots} frames", "need")
        what = f"{count} of {width}x{height}"
        needed = height * width * 3 * slots
        free = shutil.disk_usage(directory).free
        if needed > free:
            raise SourceError(
                f"{what} {need} {needed / 1e6:.0f} MB in {directory}, "
                f"which has {free / 1e6:.0f} MB free; enlarge it (docker: --shm-size=512m)"
            )
        self.shape = (height, width, 3)
        try:
            self._file = _create(directory)
            self.path = Path(self._file.name)
            try:
                _reserve(self._file.fileno(), needed)
                self._slots = np.memmap(self._file, np.uint8, "r+", shape=(slots, *self.shape))
            except (OSError, ValueError):
                self.close()
                raise
        except (OSError, ValueError) as error:
            raise SourceError(f"cannot make a ring of {what} in {directory}: {error}") from error

    @property
    def has_name(self) -> bool:
        """Whether others can still find the file; systemd removes them when their user logs out."""
        return has_name(self._file.fileno())

    def write(self, slot: int, bgr: Bgr) -> None:
        """Copy a frame of the ring's shape into a slot."""
        self._slots[slot] = bgr

    def close(self) -> None:
        """Delete the file; who has it mapped keeps the pixels until it lets go."""
        self.path.unlink(missing_ok=True)
        self._file.close()


def _create(directory: Path) -> BufferedRandom:
    """Make a ring file that is locked while it is open.

    Between the two steps it looks like one that nobody holds, and may be removed as such.
    """
    while True:
        path = new_ring_path(directory)
        file = open(path, "x+b", opener=_open_private)  # noqa: SIM115 - the ring's for its life
        try:
            is_held = lock_ring(file.fileno()) and has_name(file.fileno())
        except OSError as error:
            path.unlink()
            file.close()
            raise OSError(f"the file system has no locks ({error.strerror})") from error
        if is_held:
            return file
        path.unlink(missing_ok=True)
        file.close()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _reserve(descriptor: int, size: int) -> None:
    """Take for a file its size and, where the system can, its space.

    Writing to a mapped page that has no space left kills the process, so it is taken now.
    """
    if hasattr(os, "posix_fallocate"):  # not on macOS
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.ftruncate(descriptor, size)


class RingReader:
    """A detector's or publisher's side: maps ring files when frames first name them."""

    def __init__(self) -> None:
        self._mapped: dict[str, np.memmap[tuple[int, ...], np.dtype[np.uint8]]] = {}
        self._lately_read: set[str] = set()
        self._next_tidy_s = 0.0

    def read(self, ring: str, slot: int, height: int, width: int) -> Bgr:
        """Return a read-only view of a slot; it shows the frame until its slot is released.

        Raises:
            SourceError: The ring is gone, or has no such slot.
        """
        mapped = self._mapped.get(ring)
        if mapped is None:
            mapped = self._mapped[ring] = self._map(ring)
        self._lately_read.add(ring)
        size = height * width * 3
        start = slot * size
        if min(height, width) < 1 or slot < 0 or start + size > mapped.size:
            raise SourceError(f"ring {ring} has no slot {slot} of {width}x{height} pixels")
        view: Bgr = mapped[start : start + size].reshape(height, width, 3)
        return view

    def tidy(self) -> None:
        """Let go of deleted rings that are read no more; cheap, call it every step.

        A deleted file takes its memory until the last who has it mapped lets go.
        """
        now_s = time.monotonic()
        if now_s < self._next_tidy_s:
            return
        self._next_tidy_s = now_s + TIDY_INTERVAL_S
        for ring in self._mapped.keys() - self._lately_read:
            if not Path(ring).exists():
                del self._mapped[ring]
        self._lately_read.clear()

    def _map(self, ring: str) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
        try:
            with os.fdopen(open_ring(ring), "rb") as file:
                return np.memmap(file, np.uint8, "r")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise SourceError(
                f"ring {ring} cannot be mapped ({reason}); where the capture runs on another host "
                "it needs FRAME_TRANSPORT=inline"
            ) from error
