"""A lossless run of a pipeline, and one of a loop that does one frame after the other."""

from __future__ import annotations

import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.performance.progress import Progress
from benchmarks.performance.recordings import count_frames
from benchmarks.process_tree import TreeSampler
from tests.support.pipeline import ROOT, Pipeline

LONGEST_RUN_S = 240.0
"""After which a run is given up."""

Settings = Mapping[str, str]


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


def run_lossless(video: Path, settings: Settings) -> Lossless:
    """Run ``honcho start`` over a recording to its end.

    Raises:
        RuntimeError: It fails, or a frame has no record.
    """
    frames = count_frames(video)
    with tempfile.TemporaryDirectory(prefix="ferstream-") as name:
        results = Path(name) / "results.csv"
        before_s, started_s = _children_cpu_s(), time.perf_counter()
        with (
            Pipeline(
                **{**settings, "CAPTURE_SOURCE": str(video), "CAPTURE_MODE": "lossless"},
                PUBLISHER_RESULTS=results,
            ) as pipeline,
            TreeSampler(pipeline.process.pid) as sampler,
            Progress(results) as progress,
        ):
            code = pipeline.wait(LONGEST_RUN_S)
            wall_s = time.perf_counter() - started_s
        if code:
            raise RuntimeError(f"exit code {code}: {''.join(pipeline.lines[-5:])}")
        recorded, faces = _read_results(results)
    if recorded != frames:
        raise RuntimeError(f"{recorded} of {frames} frames have a record")
    steady = progress.steady(frames)
    passed_s = steady.end_s - steady.start_s
    used_s = sampler.cpu_between(steady.start_s, steady.end_s)
    return Lossless(
        frames,
        faces,
        wall_s,
        _children_cpu_s() - before_s,
        sampler.peak_pss_mb,
        steady.fps,
        {stage: 1000 * cpu_s / passed_s / steady.fps for stage, cpu_s in used_s.items()},
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
            with TreeSampler(process.pid) as sampler:
                said, _ = process.communicate(timeout=LONGEST_RUN_S)
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


def _read_results(results: Path) -> tuple[int, int]:
    """Return of how many frames there is a record, and of how many faces."""
    with results.open(newline="") as file:
        rows = [(row["frame_id"], row["x"] != "") for row in csv.DictReader(file)]
    return len({frame_id for frame_id, _ in rows}), sum(is_face for _, is_face in rows)


def _children_cpu_s() -> float:
    """Return the CPU seconds of all processes that have ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
