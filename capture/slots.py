"""Where the pixels of a frame wait for detectors and publishers: a ring's slot, or a JPEG."""

from __future__ import annotations

import logging
import shutil
import time
from collections import deque
from dataclasses import dataclass, field

from capture.camera_feed import BACKOFF_S
from common.contract import MIN_LOSSLESS_SLOTS
from common.cores import usable_cores
from common.errors import SourceError
from common.opencv import cv2
from common.pixels import Bgr
from common.ring import RingWriter
from common.ring_files import ring_directory

LIVE_SLOTS = 8
"""Being detected, classified and shown at once; more would only hold older frames."""
LOSSLESS_MAX_SLOTS = 64
SLOTS_A_CORE = 10
"""Runs for as many detectors as there are cores and two that are being filled: with 44 slots two
cores are as fast as with 64, and 20 frames of 640x480 are 18 MB."""
LOSSLESS_RING_BYTES = 128_000_000
"""46 frames of 1280x720 take 127 MB; of 1920x1080 it is the least, 24, which take 149 MB."""
JPEG_QUALITY = 90  # detectors search in it: artefacts at 80 cost faces, 95 doubles the bytes

log = logging.getLogger(__name__)


def lossless_slots(height: int, width: int) -> int:
    """Return how many slots fit the memory set apart for them, and half of what is free."""
    wanted = min(LOSSLESS_MAX_SLOTS, MIN_LOSSLESS_SLOTS + SLOTS_A_CORE * usable_cores())
    free = shutil.disk_usage(ring_directory()).free
    fitting = min(LOSSLESS_RING_BYTES, free // 2) // max(1, height * width * 3)
    # There are the fewest slots for any size of frames, or the first ring cannot be made.
    return max(MIN_LOSSLESS_SLOTS, min(wanted, fitting))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame is, as ``Frame`` says it."""

    ring: str
    slot: int
    jpeg: bytes = b""


@dataclass(slots=True, eq=False)
class _Ring:
    """One ring file; the slot that was freed longest ago is used next."""

    writer: RingWriter
    unused: deque[int]
    used: set[int] = field(default_factory=set)
    deleted: bool = False  # by somebody else

    @property
    def slots(self) -> int:
        """How many slots it has for new frames."""
        return 0 if self.deleted else len(self.unused) + len(self.used)


class RingSlots:
    """Slots of ring files; frames of another size get new files.

    The files of a size no longer captured are deleted when their last slot is free. A file that was
    deleted by somebody else is no place for new frames. Where none can be made it is tried again.

    Args:
        slots: Frames at once, over all files.

    Attributes:
        trouble: Why there is no place for frames of the last one's size, empty where there is.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._rings: dict[str, _Ring] = {}
        self._shape: tuple[int, ...] = ()
        self._sizes_differ = False
        self._failures = 0
        self._retry_at_s = 0.0
        self.trouble = ""

    @property
    def lost(self) -> bool:
        """Whether frames in use are in a file that somebody has deleted."""
        return any(ring.used and not ring.writer.has_name for ring in self._rings.values())

    def put(self, bgr: Bgr) -> Place | None:
        """Copy a frame into a slot; None where none is free."""
        if sum(len(ring.used) for ring in self._rings.values()) >= self._slots:
            return None
        ring = self._ring_for(bgr)
        if ring is None:
            return None
        slot = ring.unused.popleft()
        ring.used.add(slot)
        ring.writer.write(slot, bgr)
        return Place(str(ring.writer.path), slot)

    def free(self, place: Place) -> None:
        """Use a slot again."""
        ring = self._rings[place.ring]
        ring.used.remove(place.slot)
        ring.unused.append(place.slot)
        self._close_outgrown()

    def close(self) -> None:
        """Delete the files."""
        for ring in self._rings.values():
            ring.writer.close()
        self._rings.clear()

    def _ring_for(self, bgr: Bgr) -> _Ring | None:
        self._sizes_differ |= self._shape not in ((), bgr.shape)
        self._shape = bgr.shape
        for ring in self._rings.values():
            if ring.writer.shape != bgr.shape or ring.deleted or not ring.unused:
                continue
            if ring.writer.has_name:
                self._clear_trouble()
                return ring
            log.warning("%s was deleted; making another", ring.writer.path)
            ring.deleted = True
        self._close_outgrown()  # what they took may be needed
        return self._try_new_ring(bgr)

    def _try_new_ring(self, bgr: Bgr) -> _Ring | None:
        if time.monotonic() < self._retry_at_s:
            return None
        slots = self._slots_of_new_ring(bgr)
        if slots < 1:
            return None
        height, width, _ = bgr.shape
        try:
            ring = _Ring(RingWriter(height, width, slots), deque(range(slots)))
        except SourceError as error:
            pause_s = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
            self._retry_at_s = time.monotonic() + pause_s
            self._failures += 1
            self.trouble = str(error)
            return None
        self._rings[str(ring.writer.path)] = ring
        self._clear_trouble()
        return ring

    def _clear_trouble(self) -> None:
        self.trouble, self._failures, self._retry_at_s = "", 0, 0.0

    def _slots_of_new_ring(self, bgr: Bgr) -> int:
        """Return all there may be, or as many again once sizes have differed.

        For then nobody knows how many of this size will come: each photograph may have its own.
        """
        height, width, _ = bgr.shape
        rings = self._rings.values()
        here = sum(ring.slots for ring in rings if ring.writer.shape == bgr.shape)
        left = min(self._slots, lossless_slots(height, width)) - here
        return min(left, max(1, here)) if self._sizes_differ else left

    def _close_outgrown(self) -> None:
        for path, ring in list(self._rings.items()):
            if not ring.used and (ring.deleted or ring.writer.shape != self._shape):
                ring.writer.close()
                del self._rings[path]


class InlineSlots:
    """No ring: each frame travels as a JPEG, and slots only bound how many do so at once.

    Args:
        slots: Frames at once.

    Attributes:
        lost: Whether they are where nobody can read them.
        trouble: Why frames of the last one's size cannot travel, empty where they can.
    """

    lost = False

    def __init__(self, slots: int) -> None:
        self._unused = deque(range(slots))
        self.trouble = ""

    def put(self, bgr: Bgr) -> Place | None:
        """Encode a frame; None where too many are on their way, or JPEG cannot hold it."""
        if not self._unused:
            return None
        height, width, _ = bgr.shape
        if max(height, width) > 65_500:
            self.trouble = f"frames of {width}x{height} do not fit a JPEG; FRAME_TRANSPORT=ring"
            return None
        self.trouble = ""
        _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return Place("", self._unused.popleft(), encoded.tobytes())

    def free(self, place: Place) -> None:
        """Let another frame take this one's number."""
        self._unused.append(place.slot)

    def close(self) -> None:
        """Nothing is open."""
