"""One run of a pipeline, lossless or live, and of a loop that does one frame after the other."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.performance.recordings import count_frames
from benchmarks.process_tree import TreeSampler
from tests.support.pipeline import PATIENCE_S, ROOT, Pipeline
from tests.support.waiting import eventually

STEADY = (0.2, 0.95)
"""The part of a lossless run in which everything runs: the first frames only fill the ring."""
SETTLE_S = 2.0
"""How long a live pipeline runs before it is measured."""
LONGEST_RUN_S = 600.0
PERCENTILES = ("p50", "p95", "p99")
TOTAL = "total"

Settings = Mapping[str, str]
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lossless:
    """A lossless run, from ``honcho start`` to its end.

    Attributes:
        frames: Frames of the recording; each has a record.
        faces: Records of faces.
        wall_s: The whole run, start-up included.
        cpu_s: User and system time of all processes.
        peak_mb: Memory of all processes together (PSS).
        steady_fps: Frames a second while everything runs.
        stage_ms: CPU milliseconds a frame of each stage in that time.
    """

    frames: int
    faces: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    steady_fps: float
    stage_ms: Mapping[str, float]

    @property
    def frame_cpu_s(self) -> float:
        """CPU seconds a frame of all stages together, start-up apart."""
        return sum(self.stage_ms.values()) / 1000

    @property
    def start_up_cpu_s(self) -> float:
        """CPU seconds that do not grow with the recording."""
        return self.cpu_s - self.frames * self.frame_cpu_s

    def seconds_for(self, frames: int) -> float:
        """Return how long a recording of so many frames takes, start-up included."""
        return self.wall_s + (frames - self.frames) / self.steady_fps


@dataclass(frozen=True, slots=True)
class Loop:
    """A run of a loop that does one frame after the other.

    Attributes:
        start_s: From the start of the process to the end of its first frame.
        frame_s: Mean of each frame after that.
        frame_cpu_s: Mean CPU time of each frame after the first.
        faces: Faces a frame.
        peak_mb: Its memory.
    """

    start_s: float
    frame_s: float
    frame_cpu_s: float
    faces: float
    peak_mb: float

    def seconds_for(self, frames: int) -> float:
        """Return how long a recording of so many frames takes, start-up included."""
        return self.start_s + (frames - 1) * self.frame_s


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


def run_lossless(video: Path, settings: Settings) -> Lossless:
    """Run ``honcho start`` over a recording to its end.

    Raises:
        RuntimeError: It fails, or a frame has no record.
    """
    frames = count_frames(video)
    with tempfile.TemporaryDirectory(prefix="ferstream-") as name:
        results = Path(name) / "results.csv"
        before_s, started_s = _children_cpu_s(), time.perf_counter()
        with Pipeline(
            **{**settings, "CAPTURE_SOURCE": str(video), "CAPTURE_MODE": "lossless"},
            PUBLISHER_RESULTS=results,
        ) as pipeline:
            sampler = TreeSampler(pipeline.process.pid)
            code = pipeline.wait(LONGEST_RUN_S)
            wall_s = time.perf_counter() - started_s
            sampler.stop()
        if code:
            raise RuntimeError(f"exit code {code}: {''.join(pipeline.lines[-5:])}")
        captured_at_s, faces = _read_results(results)
    if len(captured_at_s) != frames:
        raise RuntimeError(f"{len(captured_at_s)} of {frames} frames have a record")
    first, last = (round(share * (frames - 1)) for share in STEADY)
    start_s, end_s = captured_at_s[first], captured_at_s[last]
    used_s = sampler.cpu_between(start_s, end_s)
    return Lossless(
        frames,
        faces,
        wall_s,
        _children_cpu_s() - before_s,
        sampler.peak_pss_mb,
        (last - first) / (end_s - start_s),
        {stage: 1000 * cpu_s / (last - first) for stage, cpu_s in used_s.items()},
    )


def run_loop(python: str | Path, module: str, video: Path, every: int) -> Loop:
    """Run a loop of ``benchmarks.timed_loop``, which does every so manieth frame.

    Raises:
        RuntimeError: It fails.
    """
    with tempfile.TemporaryFile("w+") as errors:
        started_at_s = time.time()
        process = subprocess.Popen(
            [str(python), "-m", module, str(video), "--every", str(every)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            sampler = TreeSampler(process.pid)
            said, _ = process.communicate(timeout=LONGEST_RUN_S)
            sampler.stop()
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{module}: {errors.read()[-300:]}")
    timed = json.loads(said.splitlines()[-1])
    frames_s, frames_cpu_s = timed["frames_s"], timed["frames_cpu_s"]
    return Loop(
        timed["began_at_s"] - started_at_s + frames_s[0],
        statistics.fmean(frames_s[1:] or frames_s),
        statistics.fmean(frames_cpu_s[1:] or frames_cpu_s),
        timed["faces"] / len(frames_s),
        sampler.peak_pss_mb,
    )


def run_classic(video: Path, every: int) -> Loop:
    """Run the classic loop."""
    return run_loop(sys.executable, "benchmarks.single_process", video, every)


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
            _ages(after),
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
        sampler = TreeSampler(pipeline.process.pid)
        stack.callback(sampler.stop)
        if has_faces:
            wait_for_label(pipeline)
        first_label_s = time.perf_counter() - started_s
        for capture in stack.enter_context(more_cameras(pipeline, cameras - 1)):
            sampler.add_root(capture.pid)
        eventually(lambda: _running(pipeline) == cameras, f"{cameras} running cameras")
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


def _ages(cameras: Sequence[Json]) -> dict[str, tuple[float, ...]]:
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
            except OSError:
                return  # the pipeline has ended

    threading.Thread(target=read, daemon=True).start()


def wait_for_label(pipeline: Pipeline) -> None:
    """Wait for the first labelled frame."""

    def labelled() -> bool:
        newest = [camera["newest"] or {} for camera in pipeline.status().get("cameras", [])]
        return any(face["label"] for frame in newest for face in frame.get("faces", []))

    eventually(labelled, lambda: f"a labelled frame; log:\n{pipeline.log}")


def _running(pipeline: Pipeline) -> int:
    cameras = pipeline.status().get("cameras", [])
    return sum(camera["published"] > 0 for camera in cameras)


def _read_results(results: Path) -> tuple[list[float], int]:
    """Return when each frame was captured, in order, and the number of faces in all."""
    captured_at_s: dict[int, float] = {}
    faces = 0
    with results.open(newline="") as file:
        for row in csv.DictReader(file):
            captured = datetime.fromisoformat(row["captured_at"]).timestamp()
            captured_at_s[int(row["frame_id"])] = captured
            faces += row["x"] != ""
    return [captured_at_s[frame_id] for frame_id in sorted(captured_at_s)], faces


def _children_cpu_s() -> float:
    """Return the CPU seconds of all processes that have ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
