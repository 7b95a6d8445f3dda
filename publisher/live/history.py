"""What the faces of the last minutes looked like, in memory only and thinned.

A frame is kept where the source's own time or the wall clock has moved a quarter of a second since
the last one kept of its camera: so a live camera and a recording that is worked through faster or
slower than it plays give about four samples a second of what is seen. A face seen in between only
is not in it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from publisher.as_json import POSE, some_of_face
from publisher.faces import PublishedFrame, rounded
from publisher.live.bounded import BoundedLog
from publisher.results.format import csv_lines, records_of

INTERVAL_S = 0.24
"""A little less than a quarter second: timestamps rarely add up to one exactly."""
KEPT_S = 600.0
KEPT_FACES = 20_000
"""The most faces that all cameras together may have; a sample counts as one more. So full it takes
12 to 17 MB, and 5 more once it has been asked for."""
FACE_FIELDS = ("track_id", "label", "confidence", "smoothed", "shown", *POSE)


@dataclass(slots=True)
class Sample:
    """A frame that is kept, and since when."""

    frame: PublishedFrame
    kept_s: float
    _json: bytes = field(default=b"", init=False)
    _csv: bytes = field(default=b"", init=False)

    def as_json(self) -> bytes:
        """Return its JSON, made when it is first asked for and then kept."""
        if not self._json:
            self._json = _encode(self.frame)
        return self._json

    def as_csv(self) -> bytes:
        """Return its records as lines of CSV, kept likewise."""
        if not self._csv:
            self._csv = csv_lines(records_of(self.frame))
        return self._csv


class History:
    """The stage adds, requests read; every method may be called from any thread.

    Args:
        clock: Returns the time that passes while frames are kept, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._samples = BoundedLog[Sample](KEPT_FACES, lambda sample: 1 + len(sample.frame.faces))
        self._last: dict[str, PublishedFrame] = {}

    def add_frame(self, frame: PublishedFrame) -> None:
        """Keep a frame, unless the last one kept of its camera is too close."""
        with self._lock:
            self._forget()
            last = self._last.get(frame.camera)
            if last is None or _apart(last, frame):
                self._last[frame.camera] = frame
                self._samples.add_entry(Sample(frame, self._clock()))

    def forget(self, camera: str) -> None:
        """Keep the next frame of this camera, however close it is to the last."""
        with self._lock:
            self._last.pop(camera, None)

    def since(self, unix_s: float, camera: str | None) -> list[Sample]:
        """Return what is kept, oldest first.

        Args:
            unix_s: Only frames captured after this, in seconds since 1970.
            camera: Only this camera's; None is all.
        """
        with self._lock:
            self._forget()
            samples = list(self._samples)
        return [
            sample
            for sample in samples
            if camera in (None, sample.frame.camera) and captured_s(sample.frame) > unix_s
        ]

    def _forget(self) -> None:
        too_old_s = self._clock() - KEPT_S
        while (oldest := self._samples.oldest) and oldest.kept_s < too_old_s:
            self._samples.forget_oldest()


def captured_s(frame: PublishedFrame) -> float:
    """Return when a frame was captured, in seconds since 1970 to the microsecond."""
    return rounded(frame.captured_at_ns / 1e9)


def _encode(frame: PublishedFrame) -> bytes:
    return msgspec.json.encode(
        {
            "camera": frame.camera,
            "frame_id": frame.frame_id,
            "pts_s": rounded(frame.pts_s),
            "at": captured_s(frame),
            "faces": [some_of_face(face, *FACE_FIELDS) for face in frame.faces],
        }
    )


def _apart(last: PublishedFrame, frame: PublishedFrame) -> bool:
    of_the_source_s = abs(frame.pts_s - last.pts_s)
    on_the_wall_s = abs(frame.captured_at_ns - last.captured_at_ns) / 1e9
    return max(of_the_source_s, on_the_wall_s) >= INTERVAL_S
