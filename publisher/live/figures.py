"""How fast, how fresh: figures over the last seconds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from common.messages import Frame, FrameTimes, PeerStatus
from publisher.faces import Face

RATE_WINDOW_S = 5.0
AGES_KEPT = 300
PERCENTILES = (0.5, 0.95, 0.99)
TOTAL = "total"
WorkerKey = tuple[str, str]
"""Role and name."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest published frame of a camera and its faces."""

    frame: Frame
    faces: tuple[Face, ...]


class CameraFigures:
    """What is measured of one camera. Not thread-safe; the board locks."""

    def __init__(self) -> None:
        self.newest: Newest | None = None
        self._published_s: deque[float] = deque()
        self._stages_ms: dict[str, deque[float]] = {}

    def add(self, newest: Newest, times: FrameTimes, now_ns: int) -> None:
        """Count a frame that was published at ``now_ns`` of the monotonic clock.

        A frame that brings its pixels may come from another host, whose monotonic clock means
        nothing here: its age is not known.
        """
        self.newest = newest
        self._published_s.append(now_ns / 1e9)
        self._forget(now_ns / 1e9)
        if not newest.frame.jpeg:
            for stage, ms in stages_ms(newest.frame.captured_mono_ns, times, now_ns).items():
                self._stages_ms.setdefault(stage, deque(maxlen=AGES_KEPT)).append(ms)

    def fps(self, now_s: float) -> float:
        """Give the frames a second over the last seconds."""
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
        """Give ``PERCENTILES`` of what each stage adds to the age of a picture, and of the whole.

        Empty while nothing is known.
        """
        return {
            stage: tuple(percentile(values, fraction) for fraction in PERCENTILES)
            for stage, values in self._stages_ms.items()
        }

    def _forget(self, now_s: float) -> None:
        while self._published_s and self._published_s[0] < now_s - RATE_WINDOW_S:
            self._published_s.popleft()


def stages_ms(captured_ns: int, times: FrameTimes, now_ns: int) -> dict[str, float]:
    """Divide the age of a picture by stage, in milliseconds.

    Args:
        captured_ns: When the frame was captured, on the clock that the others are of.
        times: When it passed the broker; zeros where it never got so far.
        now_ns: When it was published.
    """
    marks = {
        "capture": times.received_ns,
        "waiting": times.detecting_ns,
        "detection": times.detected_ns,
        "classification": times.complete_ns,
        "order": times.sent_ns,
        "publishing": now_ns,
    }
    before = captured_ns
    spans = {}
    for stage, mark in marks.items():
        if mark:
            spans[stage] = (mark - before) / 1e6
            before = mark
    return spans | {TOTAL: (now_ns - captured_ns) / 1e6}


def percentile(values: Sequence[float], fraction: float) -> float:
    """Give the value that ``fraction`` of all are not above (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(fraction * len(ordered)) - 1)]


class WorkerRates:
    """How fast each peer works, from the counters in its heartbeats."""

    def __init__(self) -> None:
        self._history: deque[tuple[float, dict[WorkerKey, int]]] = deque()

    def add(self, peers: Sequence[PeerStatus], now_s: float) -> None:
        """Take in what the broker reports of all peers."""
        self._history.append((now_s, {(peer.role, peer.name): peer.done for peer in peers}))
        while self._history[0][0] < now_s - RATE_WINDOW_S:
            self._history.popleft()

    def rate(self, peer: PeerStatus) -> float:
        """Give what a peer has done a second, over the last seconds."""
        key = (peer.role, peer.name)
        known = [(at, done[key]) for at, done in self._history if key in done]
        if len(known) < 2:
            return 0.0
        (start_s, start), (end_s, end) = known[0], known[-1]
        return max(0.0, (end - start) / (end_s - start_s)) if end_s > start_s else 0.0
