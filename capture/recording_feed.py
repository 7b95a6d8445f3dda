"""Frames of a recording, as they become due."""

from __future__ import annotations

import logging
import math
import time

from capture.pacing import Pacer
from capture.sources.source import CapturedFrame, Recording
from common.errors import SourceError

SKIP_SLICE_S = 0.05  # of skipping frames before messages are looked at again

log = logging.getLogger(__name__)


class RecordingFeed:
    """Reads one frame ahead, gives each when it is due, and starts over at the end if asked to.

    There is none to take before ``start``.

    Args:
        recording: The open recording; ``close`` closes it.
        paced: Whether it plays at its own rate; else as fast as frames are taken.
        loops: Whether it starts over at the end.

    Attributes:
        total_frames: How many frames the recording has; 0 where unknown.
        fps: The rate that it says it has; 0 where it says none.

    Raises:
        SourceError: Not one frame can be decoded.
    """

    offline_reason = ""

    def __init__(self, recording: Recording, *, paced: bool, loops: bool) -> None:
        self._recording = recording
        self._paced = paced
        self._started = False
        self._loops = loops
        self._pacer: Pacer | None = None
        self._to_skip = 0
        self.total_frames = recording.total_frames
        self.fps = recording.fps
        self._next = recording.read()
        if self._next is None:
            raise SourceError("has no picture that can be decoded")

    @property
    def first_size(self) -> tuple[int, int]:
        """Height and width of the next frame; of the first one until it is taken."""
        height, width, _ = (0, 0, 0) if self._next is None else self._next.bgr.shape
        return height, width

    @property
    def ended(self) -> bool:
        """Whether all frames have been taken."""
        return self._next is None

    def skip(self, frames: int) -> None:
        """Leave out the next ``frames`` frames; ``take`` returns none until that is done."""
        self._to_skip += frames

    def start(self) -> None:
        """Let the clock run: the first frame is due now."""
        if self._started:
            return
        self._started = True
        if self._paced and self._next is not None:
            self._pacer = Pacer()
            self._pacer.schedule(self._next.pts_s)

    def wait_s(self) -> float:
        """Return the seconds until the next frame is due; infinite where there is none."""
        if self._next is None or not self._started:
            return math.inf
        return self._pacer.wait_s() if self._pacer else 0.0

    def take(self) -> CapturedFrame | None:
        """Return the next frame if it is due."""
        self._skip_some()
        frame = self._next
        if frame is None or self._to_skip or self.wait_s() > 0:
            return None
        self._read_ahead()
        return frame

    def close(self) -> None:
        """Close the recording."""
        self._recording.close()

    def _read_ahead(self) -> None:
        self._next = self._read()
        if self._next is None and self._loops:
            self._next = self._first_again()
        if self._next is not None and self._pacer is not None:
            self._pacer.schedule(self._next.pts_s)

    def _first_again(self) -> CapturedFrame | None:
        if self._pacer is not None:
            self._pacer.start_over()
        try:
            self._recording.rewind()
        except SourceError as error:
            log.warning("the recording ends here, it cannot be played again: it %s", error)
            return None
        return self._read()

    def _read(self) -> CapturedFrame | None:
        try:
            return self._recording.read()
        except SourceError as error:
            log.warning("the recording ends here: it %s", error)
            return None

    def _skip_some(self) -> None:
        until = time.monotonic() + SKIP_SLICE_S
        while self._to_skip and time.monotonic() < until:
            self._to_skip = self._to_skip - 1 if self._next is not None else 0
            self._next = self._read() if self._next is not None else None
