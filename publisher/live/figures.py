"""How fast, how fresh: figures over the last seconds, and histograms of all."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from common.contract import Role
from common.messages import Frame, FrameTimes, PeerStatus
from publisher.faces import TURNED_AWAY, Face, PublishedFrame

RATE_WINDOW_S = 5.0
AGES_KEPT = 300
PERCENTILES = (0.5, 0.95, 0.99)
TOTAL = "total"
FACE_FATES = ("judged", "reused", "turned_away")
"""A face is judged in its frame, or goes on with its track's last label, or cannot be judged."""
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.25, 2.5, 5.0, 10.0)


class CameraFigures:
    """What is measured of one camera. Not thread-safe; the board locks.

    Attributes:
        newest: The frame that was published last.
        faces: How many faces there were in all frames, by ``FACE_FATES``.
    """

    def __init__(self) -> None:
        self.newest: PublishedFrame | None = None
        self.faces: Counter[str] = Counter(dict.fromkeys(FACE_FATES, 0))
        self._published_s: deque[float] = deque()
        self._stages_ms: dict[str, deque[float]] = {}

    def add_frame(
        self, frame: PublishedFrame, stages_ms: Mapping[str, float], now_s: float
    ) -> None:
        """Count a frame that was published at ``now_s`` of the monotonic clock."""
        self.newest = frame
        for face in frame.faces:
            self.faces[_fate(face)] += 1
        self._published_s.append(now_s)
        self._forget(now_s)
        for stage, ms in stages_ms.items():
            self._stages_ms.setdefault(stage, deque(maxlen=AGES_KEPT)).append(ms)

    def fps(self, now_s: float) -> float:
        """Return the frames a second over the last seconds."""
        self._forget(now_s)
        count = len(self._published_s)
        if count < 2:
            return 0.0
        spread_s = self._published_s[-1] - self._published_s[0]
        quiet_s = now_s - self._published_s[-1]
        # Up to one interval of quiet is the camera's own rhythm; more means it has slowed down.
        window_s = max(spread_s, spread_s + quiet_s - spread_s / (count - 1))
        return (count - 1) / window_s if window_s > 0 else 0.0

    def ages_ms(self) -> dict[str, tuple[float, ...]]:
        """Return ``PERCENTILES`` of what each stage adds to the age of a picture, and of the whole.

        Each is a value that occurred (nearest rank). Empty while nothing is known.
        """
        return {
            stage: tuple(np.quantile(values, PERCENTILES, method="inverted_cdf").tolist())
            for stage, values in self._stages_ms.items()
        }

    def _forget(self, now_s: float) -> None:
        while self._published_s and self._published_s[0] < now_s - RATE_WINDOW_S:
            self._published_s.popleft()


def _fate(face: Face) -> str:
    """Return what became of a face, one of ``FACE_FATES``."""
    if face.label == TURNED_AWAY:
        return "turned_away"
    return "reused" if face.reused else "judged"


@dataclass(frozen=True, slots=True)
class Histogram:
    """How long something took, over all frames.

    Attributes:
        counts: How many took up to each of ``BUCKETS_S`` and more than the one before, and last,
            how many took longer than all of them.
        sum_s: All of it together, in seconds.
    """

    counts: tuple[int, ...]
    sum_s: float


class Latencies:
    """Histograms of what each stage adds to the age of a picture, and of the whole age.

    Every method may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[tuple[str, str], list[int]] = defaultdict(_no_counts)
        self._sums_s: defaultdict[tuple[str, str], float] = defaultdict(float)

    def observe(self, camera: str, stages_ms: Mapping[str, float]) -> None:
        """Count a frame that is published now."""
        with self._lock:
            for stage, ms in stages_ms.items():
                of, seconds = (camera, stage), ms / 1000
                self._counts[of][bisect_left(BUCKETS_S, seconds)] += 1
                self._sums_s[of] += seconds

    def histograms(self) -> dict[tuple[str, str], Histogram]:
        """Return all of them by camera and stage; that of the whole age is of ``TOTAL``."""
        with self._lock:
            return {
                of: Histogram(tuple(counts), self._sums_s[of])
                for of, counts in self._counts.items()
            }

    def forget(self, camera: str) -> None:
        """Tell no more of a camera that was taken away."""
        with self._lock:
            for of in [of for of in self._counts if of[0] == camera]:
                del self._counts[of], self._sums_s[of]


def _no_counts() -> list[int]:
    return [0] * (len(BUCKETS_S) + 1)


def divide_age(frame: Frame, times: FrameTimes, now_ns: int) -> dict[str, float]:
    """Return the age of a picture by stage and in total, in milliseconds.

    A frame that brings its pixels may come from another host, whose monotonic clock means nothing
    here: its age is not known, and nothing is returned.

    Args:
        frame: The frame, which says when it was captured.
        times: When it passed the broker; zeros where it never got so far.
        now_ns: When it was published, on the monotonic clock.
    """
    if frame.picture:
        return {}
    marks = {
        "capture": times.received_ns,
        "waiting": times.detecting_ns,
        "detection": times.detected_ns,
        "classification": times.complete_ns,
        "order": times.sent_ns,
        "publishing": now_ns,
    }
    before = frame.captured_mono_ns
    spans = {}
    for stage, mark in marks.items():
        if mark:
            spans[stage] = (mark - before) / 1e6
            before = mark
    return spans | {TOTAL: (now_ns - frame.captured_mono_ns) / 1e6}


class WorkerRates:
    """How fast each peer works, from the counters in its heartbeats."""

    def __init__(self) -> None:
        self._history: deque[tuple[float, dict[tuple[Role, str], int]]] = deque()

    def add_peers(self, peers: Sequence[PeerStatus], now_s: float) -> None:
        """Take in what the broker reports of all peers."""
        self._history.append((now_s, {(peer.role, peer.name): peer.done for peer in peers}))
        while self._history[0][0] < now_s - RATE_WINDOW_S:
            self._history.popleft()

    def rate(self, peer: PeerStatus) -> float:
        """Return what a peer has done a second, over the last seconds."""
        key = (peer.role, peer.name)
        known = [(at, done[key]) for at, done in self._history if key in done]
        if len(known) < 2:
            return 0.0
        (start_s, start), (end_s, end) = known[0], known[-1]
        return max(0.0, (end - start) / (end_s - start_s)) if end_s > start_s else 0.0
