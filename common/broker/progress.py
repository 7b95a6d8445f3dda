"""How far a lossless run has come, a line every other second."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from common.contract import Cause, Mode
from common.counted import counted
from common.messages import CameraStatus, PipelineStatus

INTERVAL_S = 2.0
BAR_WIDTH = 24

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Seen:
    started_s: float
    done_before: int  # by a broker before this one
    shown_s: float
    done: int


class ProgressLog:
    """Logs the progress of lossless cameras; live ones have no end to progress to."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def show(self, status: PipelineStatus) -> None:
        """Log a line for each camera whose last one is old enough or whose run is done."""
        now = time.monotonic()
        for camera in status.cameras:
            if camera.mode is not Mode.LOSSLESS or not camera.captured:
                continue
            done = frames_done(camera)
            seen = self._seen.setdefault(camera.camera, _Seen(now, done, now, -1))
            finished = camera.ended and not camera.in_flight
            due = now - seen.shown_s >= INTERVAL_S
            if done != seen.done and (due or finished):
                seen.shown_s, seen.done = now, done
                log.info("%s", progress_line(camera, done - seen.done_before, now - seen.started_s))


def frames_done(camera: CameraStatus) -> int:
    """Return how many frames of the camera have come to their end."""
    return camera.published + camera.failed + sum(camera.dropped.values())


def progress_line(camera: CameraStatus, recently_done: int, elapsed_s: float) -> str:
    """Return a line: frames done of frames in the file, frames a second, and the time left.

    Containers may claim a wrong number of frames or none; once the source has ended the number
    that was read counts.
    """
    done = frames_done(camera)
    rate = recently_done / elapsed_s if elapsed_s > 0 else 0.0
    total = camera.captured if camera.ended else camera.total_frames
    if total < done or total == 0:
        return f"{camera.camera}: {counted(done, 'frame')}, {rate:.0f} frames/s"
    filled = BAR_WIDTH * done // total
    bar = "#" * filled + "." * (BAR_WIDTH - filled)
    left_s = round((total - done) / rate) if rate > 0 else 0
    left = f"{left_s // 60}:{left_s % 60:02d} left" if done < total else "done"
    failures = camera.failed + camera.dropped.get(Cause.UNREADABLE, 0)
    failed = f", {failures} failed" if failures else ""
    come = f"{done} of {counted(total, 'frame')}{failed}"
    return f"{camera.camera}: [{bar}] {come}, {rate:.0f} frames/s, {left}"
