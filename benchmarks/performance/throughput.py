"""Frames a second of a recording, start-up included, against the classic loop and ``fer``."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.performance.plan import Plan
from benchmarks.performance.recordings import count_frames
from benchmarks.performance.report import Section, spread, table
from benchmarks.performance.runs import Loop, Lossless, run_classic, run_loop, run_lossless
from benchmarks.performance.steps import Part, Step

CLASSIC, FER = "classic loop", "fer 25.10.3, Haar"
FER_MODULE = "benchmarks.fer_loop"

Run = Lossless | Loop


class Key(NamedTuple):
    """Which run of which system."""

    system: str
    round: int


def run_detector(video: Callable[[], Path], detector: str) -> Lossless:
    """Run the pipeline with a detector over a recording that is made when it is needed."""
    return run_lossless(video(), {"DETECTOR": detector})


def steps(plan: Plan) -> list[Step[Run]]:
    """Return rounds in which each system runs once, every other round backwards."""
    rounds = range(plan.rounds)
    return [step for number in rounds for step in _round(plan, number)[:: 1 - 2 * (number % 2)]]


def _round(plan: Plan, number: int) -> list[Step[Run]]:
    def video() -> Path:
        return plan.recordings.one_face(plan.repeats)

    def step(system: str, about_s: int, run: Callable[[], Run]) -> Step[Run]:
        what = f"{system}, round {number + 1} of {plan.rounds}"
        return Step(Key(system, number), what, about_s, run)

    made = [step(CLASSIC, 11, lambda: run_classic(video(), plan.every))]
    made += [step(name, 14, partial(run_detector, video, name)) for name in plan.detectors]
    if plan.fer is not None:
        fer = plan.fer
        made.append(step(FER, 8, lambda: run_loop(fer, FER_MODULE, video(), plan.every)))
    return made


def section(plan: Plan, runs: Mapping[Key, Run]) -> Section:
    """Compare what ran in the same round."""
    frames = count_frames(plan.recordings.one_face(plan.repeats))
    kept: dict[str, float] = {}
    rows = []
    for system in (CLASSIC, FER, *plan.detectors):
        own = [run for key, run in runs.items() if key.system == system]
        if not own:
            continue
        fps = [frames / run.seconds_for(frames) for run in own]
        rows.append(
            [
                system if system in (CLASSIC, FER) else f"ferstream, `DETECTOR={system}`",
                spread(fps),
                *(_times(runs, system, other, frames, kept) for other in (CLASSIC, FER)),
                f"{statistics.median(run.frame_cpu_s for run in own) * 1000:.1f}",
                f"{statistics.median(run.peak_mb for run in own):.0f}",
            ]
        )
        if system in plan.detectors:
            kept[f"{system}_fps"] = statistics.median(fps)
            kept[f"{system}_pss_mb"] = statistics.median(run.peak_mb for run in own)
    titles = ("", "frames/s", "times the classic loop", "times fer", "CPU ms a frame", "MB (PSS)")
    text = (
        f"A recording of {frames} frames, 640x480, one face at a time, from the start of the "
        f"process to its end; medians of {plan.rounds} rounds in which each ran once, in turn "
        "(smallest and largest). ferstream is plain `honcho start` with `CAPTURE_MODE=lossless` "
        "and `PUBLISHER_RESULTS=results.csv`, and every frame had its record. The classic loop "
        "(`benchmarks.single_process`) and `fer` (`FER(mtcnn=False).detect_emotions`) do each "
        f"frame by itself and at the same pace, so they did every {plan.every}th frame: given is "
        "their start up to the first frame, as measured, and the mean of the other frames for the "
        "rest of the recording. CPU is start-up apart."
    )
    if plan.fer is None:
        text += " `fer` was not there: `make bench` installs it."
    return Section(text, (table(titles, rows),), kept=kept)


def _times(
    runs: Mapping[Key, Run],
    system: str,
    other: str,
    frames: int,
    kept: dict[str, float],
) -> str:
    """Return how many times as fast as another system one is, round by round; keep the median."""
    if system in (CLASSIC, FER):
        return ""
    ratios = [
        runs[Key(other, key.round)].seconds_for(frames) / run.seconds_for(frames)
        for key, run in runs.items()
        if key.system == system and Key(other, key.round) in runs
    ]
    if not ratios:
        return "-"
    kept[f"{system}_times_{other.split(maxsplit=1)[0]}"] = statistics.median(ratios)
    return spread(ratios)


PART = Part("throughput", "Throughput", steps, section)
