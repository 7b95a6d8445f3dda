"""A live pipeline, with viewers and more cameras, and what is seen of it."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from benchmarks.performance.runs import Settings
from benchmarks.process_tree import TreeSampler
from tests.support.pipeline import PATIENCE_S, Pipeline
from tests.support.waiting import eventually

SETTLE_S = 2.0
"""How long a live pipeline runs before it is measured."""
START_LIMIT_S = 30.0
"""A scene of which nothing is published by then is too much for the machine."""
PERCENTILES = ("p50", "p95", "p99")
TOTAL = "total"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Live:
    """What was seen of a live pipeline while it ran.

    Attributes:
        fps: Frames published a second, of all cameras together.
        dropped: Share of the captured frames that was dropped.
        stages_ms: For each stage and in total p50, p95, p99 of what it adds to a picture's age, of
            the last 300 frames; of several cameras the middle one's p50 and the worst one's others.
        cores: CPU seconds a second, by stage.
        first_label_s: From ``honcho start`` to the first frame with a label.
        peak_mb: Memory of all processes together (PSS).
    """

    fps: float
    dropped: float
    stages_ms: Mapping[str, tuple[float, ...]]
    cores: Mapping[str, float]
    first_label_s: float
    peak_mb: float

    @property
    def age_ms(self) -> tuple[float, ...]:
        """The p50, p95 and p99 of a picture's age when it is published."""
        return self.stages_ms[TOTAL]

    @property
    def cpu_share(self) -> float:
        """The share of all cores that the pipeline used."""
        return sum(self.cores.values()) / (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Running:
    """A live pipeline that runs."""

    pipeline: Pipeline
    sampler: TreeSampler
    first_label_s: float

    def look(self, seconds: float) -> Live:
        """Measure it for so many seconds."""
        before, from_s = self.pipeline.status()["cameras"], time.time()
        time.sleep(seconds)
        after, to_s = self.pipeline.status()["cameras"], time.time()
        used_s = self.sampler.cpu_between(from_s, to_s)
        captured = _counted("captured", before, after)
        return Live(
            _counted("published", before, after) / (to_s - from_s),
            _counted("dropped_total", before, after) / max(1, captured),
            ages_of(after),
            {stage: cpu_s / (to_s - from_s) for stage, cpu_s in used_s.items()},
            self.first_label_s,
            self.sampler.peak_pss_mb,
        )


@contextmanager
def live_pipeline(
    source: str | Path, settings: Settings, *, cameras: int = 1, has_faces: bool = True
) -> Iterator[Running]:
    """Run a live pipeline on a recording that is played again and again.

    Args:
        source: The recording, or ``demo``.
        settings: Of the pipeline.
        cameras: So many captures play it.
        has_faces: False where there is none to wait for.
    """
    looped = {**settings, "CAPTURE_SOURCE": str(source), "CAPTURE_LOOP": "1"}
    started_s = time.perf_counter()
    with ExitStack() as stack:
        pipeline = stack.enter_context(Pipeline(**looped))
        sampler = stack.enter_context(TreeSampler(pipeline.process.pid))
        if has_faces:
            wait_for_label(pipeline)
        first_label_s = time.perf_counter() - started_s
        for capture in stack.enter_context(more_cameras(pipeline, cameras - 1)):
            sampler.add_root(capture.pid)
        eventually(
            lambda: _running(pipeline) == cameras,
            lambda: f"pictures of {cameras} cameras\n{pipeline.log}",
            START_LIMIT_S,
        )
        yield Running(pipeline, sampler, first_label_s)


def run_live(
    source: str | Path,
    settings: Settings,
    seconds: float,
    *,
    cameras: int = 1,
    has_faces: bool = True,
) -> Live:
    """Run a live pipeline with one viewer and look at it for some seconds."""
    with live_pipeline(source, settings, cameras=cameras, has_faces=has_faces) as running:
        watch_as_a_browser(f"{running.pipeline.url}/video_feed")
        time.sleep(SETTLE_S)
        return running.look(seconds)


def _counted(what: str, before: Sequence[Json], after: Sequence[Json]) -> int:
    """Return what was added to a counter of all cameras between two looks at the status."""
    return sum(int(c[what]) for c in after) - sum(int(c[what]) for c in before)


def ages_of(cameras: Sequence[Json]) -> dict[str, tuple[float, ...]]:
    """Return percentiles by stage: of the cameras the middle p50, and the worst of the others."""
    stages = dict.fromkeys(stage for camera in cameras for stage in camera["stages_ms"])
    ages = {}
    for stage in stages:
        of_cameras = [c["stages_ms"][stage] for c in cameras if stage in c["stages_ms"]]
        middle = statistics.median(of[PERCENTILES[0]] for of in of_cameras)
        worst = (max(of[name] for of in of_cameras) for name in PERCENTILES[1:])
        ages[stage] = (middle, *worst)
    return ages


@contextmanager
def more_cameras(pipeline: Pipeline, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start captures of the same source by hand, as a user does, and end them together."""
    names = [f"camera{number + 2}" for number in range(count)]
    captures = [pipeline.start_worker("capture", CAPTURE_CAMERA=name) for name in names]
    try:
        yield captures
    finally:
        for capture in captures:
            capture.send_signal(signal.SIGINT)
        for capture in captures:
            capture.wait(PATIENCE_S)


def watch_as_a_browser(url: str) -> None:
    """Read an MJPEG stream as fast as it comes, in a thread."""
    stream = urllib.request.urlopen(url, timeout=30)

    def read() -> None:
        with stream:
            try:
                while stream.read1(65_536):
                    continue
            except (OSError, HTTPException):
                return  # the pipeline has ended

    threading.Thread(target=read, daemon=True).start()


def wait_for_label(pipeline: Pipeline) -> None:
    """Wait for the first labelled frame."""

    def labelled() -> bool:
        newest = [camera["newest"] or {} for camera in pipeline.status().get("cameras", [])]
        return any(face["label"] for frame in newest for face in frame.get("faces", []))

    eventually(labelled, lambda: f"a labelled frame\n{pipeline.log}", START_LIMIT_S)


def _running(pipeline: Pipeline) -> int:
    cameras = pipeline.status().get("cameras", [])
    return sum(camera["published"] > 0 for camera in cameras)
