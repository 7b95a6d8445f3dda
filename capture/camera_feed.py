"""Frames of a camera or stream, which may be lost and come back.

A thread opens and reads, because both can block for seconds, and some drivers and servers for
ever; meanwhile the stage goes on talking to the broker and says that the camera is offline.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from capture.sources.source import CapturedFrame, LiveSource
from common.errors import SourceError
from common.pixels import Bgr

OpenSource = Callable[[], LiveSource]

BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0)
JITTER = (0.5, 1.5)
"""From how much to how much of a pause is waited: cameras that were lost together, as with a switch
or a recorder, are not all asked for again at once."""
TAKE_TIMEOUT_S = 0.05
STALL_S = 3.0
"""No frame for so long and the camera counts as offline, whatever its driver says."""
STUCK_S = 20.0
"""Longer than every timeout that OpenCV has. A thread stuck in it can only be ended with its
process; and five restarts this far apart are not yet the crash loop that a supervisor gives up."""
JOIN_TIMEOUT_S = 1.0


def pause_s(failures: int) -> float:
    """Return how long to wait before a camera is tried again that failed so often before."""
    whole_s = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
    return whole_s * random.uniform(*JITTER)  # noqa: S311 - no secret


class CameraStuckError(RuntimeError):
    """Reading does not come back; only a new process helps, and the supervisor starts one."""


class CameraFeed:
    """The newest frame of a camera.

    The thread reads on whether frames are taken or not, so that none grows old in the buffers of
    the driver or the network: the one that waits here gives way to the next, which counts it.

    Args:
        name: The camera's name.
        open_source: Opens it; raises ``SourceError`` where that fails.

    Attributes:
        size: Height and width of the last frame read; 0 before the first.
    """

    total_frames = 0
    ended = False

    def __init__(self, name: str, open_source: OpenSource) -> None:
        self._name = name
        self._open_source = open_source
        self._began_s = time.monotonic()
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._frame: CapturedFrame | None = None
        self._failure: str | None = None
        self._crash: Exception | None = None
        self._opened = False
        self.size = 0, 0
        self._blocked_since_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    @property
    def offline_reason(self) -> str:
        """Why no frames are coming; empty while they are."""
        if not self._opened:
            return self._failure or "it is being opened"
        if self._blocked_s() > STALL_S:
            return f"no frame for {STALL_S:.0f} s"
        return ""

    def wait_until_open(self, timeout_s: float) -> bool:
        """Wait for the first frame; False if there is none yet.

        Raises:
            SourceError: Opening it failed; it is tried again all the same.
            CameraStuckError: The driver has not come back for ``STUCK_S``.
            Exception: Whatever else ended the thread.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._opened or self._failure or self._crash, timeout_s)
        self._raise_if_dead()
        if not self._opened and self._failure:
            raise SourceError(self._failure)
        return self._opened

    def start(self) -> None:
        """Forget the frame that waits, and those it counts: nobody wanted them yet."""
        with self._changed:
            self._frame = None

    def wait_s(self) -> float:
        """Return 0: ``take`` waits by itself."""
        return 0.0

    def take(self) -> CapturedFrame | None:
        """Return the newest frame, waiting a little for it.

        Raises:
            CameraStuckError: The driver has not come back for ``STUCK_S``.
            Exception: Whatever else ended the thread.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._frame or self._crash, TAKE_TIMEOUT_S)
            frame, self._frame = self._frame, None
        if frame is None:
            self._raise_if_dead()
        return frame

    def close(self) -> None:
        """End the thread; one that is stuck is left to end with the process."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(JOIN_TIMEOUT_S)

    def _raise_if_dead(self) -> None:
        """Raise what ended the thread, or that it will not come back."""
        if self._crash is not None:
            raise self._crash
        if self._blocked_s() > STUCK_S:
            raise CameraStuckError(f"camera {self._name}: no answer for {STUCK_S:.0f} s")

    def _blocked_s(self) -> float:
        since_s = self._blocked_since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    # --- in the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._read_until_closed()
        except Exception as error:  # noqa: BLE001 - raised again in the thread that takes frames
            with self._changed:
                self._crash = error
                self._changed.notify_all()

    def _read_until_closed(self) -> None:
        failures = 0
        while not self._closing.is_set():
            try:
                self._read_until_lost()
            except SourceError as error:
                failures = 0 if self._opened else failures
                self._lost(str(error))
            finally:
                self._blocked_since_s = None
            self._closing.wait(pause_s(failures))
            failures += 1

    def _read_until_lost(self) -> None:
        self._blocked_since_s = time.monotonic()
        source = self._open_source()
        try:
            while not self._closing.is_set():
                self._blocked_since_s = time.monotonic()
                bgr = source.read()
                self._blocked_since_s = None
                self._hand_over(bgr, time.monotonic() - self._began_s)
        finally:
            source.close()

    def _hand_over(self, bgr: Bgr, pts_s: float) -> None:
        with self._changed:
            self._opened, self._failure = True, None
            superseded = 0 if self._frame is None else self._frame.superseded + 1
            self._frame = CapturedFrame(bgr, pts_s, superseded)
            self.size = bgr.shape[:2]
            self._changed.notify_all()

    def _lost(self, reason: str) -> None:
        with self._changed:
            self._opened, self._failure = False, reason
            self._changed.notify_all()
