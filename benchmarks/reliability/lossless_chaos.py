"""Lossless runs that are disturbed until they end, beside one that is not."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from benchmarks.performance.recordings import count_frames
from benchmarks.reliability.faults import Fault, stage_module, trouble
from benchmarks.reliability.records import Comparison, Written, compare, read_quiet
from benchmarks.reliability.recovery import Recovery
from common.errors import SourceError
from common.progress_bar import progress_bar
from tests.e2e.lossless_runs import analyse
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

SHARE_OF_SPEED = 0.4
"""How fast a disturbed run is taken to be, beside a quiet one; its length in frames follows."""
MOST_REPEATS = 10
"""The clip comes so often in one run: a capture that was killed reads its recording from the start,
so in a long one that would be most of what is seen."""
BACK_FRAMES = 20
"""A pipeline has recovered when it has written so many frames more, by all its processes."""
QUIET_LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class LosslessChaos:
    """What was seen of a disturbed run.

    Attributes:
        recoveries: One a fault.
        comparison: What became of its frames.
        seconds: How long it took.
        exit_code: Of ``honcho start``.
        log: What it printed.
    """

    recoveries: tuple[Recovery, ...]
    comparison: Comparison
    seconds: float
    exit_code: int
    log: str


def run_lossless(clip: Path, minutes: float, seed: int, folder: Path) -> list[LosslessChaos]:
    """Analyse a clip that comes again and again while processes are killed, frozen and replaced.

    Args:
        clip: The recording; its length is a multiple of ``DETECTOR_INTERVAL``, so that its frames
            fall into the same runs each time.
        minutes: About how long it takes in all; there are as many runs as that needs.
        seed: Of the chance.
        folder: Where recordings and results go.

    Raises:
        SourceError: The quiet run failed, or the clip is not the same each time.
    """
    period = count_frames(clip)
    quiet_results = folder / "quiet.csv"
    quiet_fps = _run_quietly(repeat(clip, 2, folder / "quiet.mkv"), quiet_results, 2 * period)
    quiet = read_quiet(quiet_results, period)
    repeats = round(minutes * 60 * quiet_fps * SHARE_OF_SPEED / period)
    repeats = min(MOST_REPEATS, max(2, repeats))
    video = repeat(clip, repeats, folder / "disturbed.mkv")
    ends_s = time.monotonic() + minutes * 60
    runs: list[LosslessChaos] = []
    while not runs or time.monotonic() + runs[-1].seconds / 2 < ends_s:
        results = folder / f"disturbed{len(runs)}.csv"
        runs.append(_run_disturbed(video, repeats * period, quiet, seed + len(runs), results))
    return runs


def repeat(clip: Path, times: int, path: Path) -> Path:
    """Write a recording that holds a clip several times over, without encoding it anew."""
    with av.open(str(path), "w") as target:
        stream, offset_s = None, Fraction(0)
        for _ in range(times):
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                stream = stream or target.add_stream_from_template(video)
                base = video.time_base or Fraction(1, 1000)
                frame_s, end_s = 1 / Fraction(video.average_rate or 30), Fraction(0)
                for packet in source.demux(video):
                    if packet.pts is None or packet.dts is None:
                        continue  # the empty one at the end
                    end_s = max(end_s, packet.pts * base + frame_s)
                    packet.pts += round(offset_s / base)
                    packet.dts += round(offset_s / base)
                    packet.stream = stream
                    target.mux(packet)
                offset_s += end_s
    return path


def _run_quietly(video: Path, results: Path, frames: int) -> float:
    """Return how many frames a second an undisturbed run does, start-up apart."""
    with analyse(video, results) as pipeline, Written(results) as written:
        if pipeline.wait(QUIET_LIMIT_S):
            raise SourceError(f"the quiet run failed:\n{pipeline.log}")
        written.look()
    begun_s = written.grown[1][0]
    return frames / (written.grown[-1][0] - begun_s)


def _run_disturbed(
    video: Path, frames: int, quiet: list[tuple[tuple[str, ...], ...]], seed: int, results: Path
) -> LosslessChaos:
    started_s = time.monotonic()
    recoveries = []
    with analyse(video, results) as pipeline, Written(results) as written:
        eventually(lambda: written.frames, lambda: f"a record\n{pipeline.log}")
        with (
            trouble(pipeline, seed) as troublemaker,
            progress_bar(None, "disturbed", "frame", total=frames) as bar,
        ):
            while written.frames < frames - BACK_FRAMES:
                fault = troublemaker.disturb()
                if fault is None:
                    break
                recoveries.append(_wait_recovered(fault, pipeline, written, frames))
                bar.update(written.frames - bar.n)
                time.sleep(troublemaker.pause_s())
            exit_code = pipeline.wait()
        pipeline.assert_nothing_left()
    comparison = compare(results, frames, quiet)
    seconds = time.monotonic() - started_s
    return LosslessChaos(tuple(recoveries), comparison, seconds, exit_code, pipeline.log)


def _wait_recovered(fault: Fault, pipeline: Pipeline, written: Written, frames: int) -> Recovery:
    """Wait until the pipeline has recovered, or has come to its end."""
    wanted = min(frames, written.frames + BACK_FRAMES)

    def recovered() -> bool:
        all_there = bool(pipeline.processes(stage_module(fault.stage)))
        ended = pipeline.process.poll() is not None
        return ended or (all_there and written.frames >= wanted)

    eventually(
        recovered,
        lambda: f"frames after a {fault.stage} was {fault.kind.value}\n{pipeline.log}",
    )
    back_s = time.monotonic()
    pause_s = written.longest_pause_s(fault.began_s, back_s)
    return Recovery(fault, back_s - fault.began_s, pause_s)
