"""Larger pictures and more faces, against the classic loop."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.performance.plan import Plan
from benchmarks.performance.recordings import Recordings
from benchmarks.performance.report import Section, spread, table
from benchmarks.performance.runs import Lossless, run_classic
from benchmarks.performance.steps import Part, Step
from benchmarks.performance.throughput import CLASSIC, Run, run_detector

CLASSIC_FRAMES = 15
FRAMES = 2000
"""The length of recording that the comparison is for, about that of the main one."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be seen.

    Attributes:
        name: In the table.
        column: In the history.
        make: Makes the recording, of so many frames.
        classic_s: About how long the classic loop takes.
    """

    name: str
    column: str
    make: Callable[[Recordings, int], Path]
    classic_s: int


SCENES = (
    Scene("1280x960, one face", "960p", lambda of, n: of.scaled((1280, 960), n), 8),
    Scene("1280x720, three faces", "720p3", lambda of, n: of.tiled((1280, 720), (3, 1), 3, n), 10),
    Scene("640x480, sixteen faces", "vga16", lambda of, n: of.tiled((640, 480), (4, 4), 16, n), 23),
)


class Key(NamedTuple):
    """Which run of which system on which scene."""

    scene: str
    system: str
    round: int


def steps(plan: Plan) -> list[Step[Run]]:
    """Return, for each scene, rounds in which each system runs once."""
    return [
        step
        for scene in SCENES
        for number in range(plan.scene_rounds)
        for step in _round(plan, scene, number)[:: 1 - 2 * (number % 2)]
    ]


def _round(plan: Plan, scene: Scene, number: int) -> list[Step[Run]]:
    def video() -> Path:
        return scene.make(plan.recordings, plan.scene_frames)

    def step(system: str, about_s: int, run: Callable[[], Run]) -> Step[Run]:
        what = f"{scene.name}, {system}, round {number + 1} of {plan.scene_rounds}"
        return Step(Key(scene.name, system, number), what, about_s, run)

    every = max(1, plan.scene_frames // CLASSIC_FRAMES)
    return [
        step(CLASSIC, scene.classic_s, lambda: run_classic(video(), every)),
        *(step(detector, 9, partial(run_detector, video, detector)) for detector in plan.detectors),
    ]


def section(plan: Plan, runs: Mapping[Key, Run]) -> Section:
    """Compare what ran in the same round on the same scene."""
    kept: dict[str, float] = {}
    rows = []
    for scene in SCENES:
        for system in (CLASSIC, *plan.detectors):
            own = {key: run for key, run in runs.items() if key[:2] == (scene.name, system)}
            if not own:
                continue
            ratios = [
                runs[key._replace(system=CLASSIC)].seconds_for(FRAMES) / run.seconds_for(FRAMES)
                for key, run in own.items()
                if system != CLASSIC and key._replace(system=CLASSIC) in runs
            ]
            if ratios:
                kept[f"{system}_times_classic_{scene.column}"] = statistics.median(ratios)
            found = statistics.median(_faces(run) for run in own.values())
            rows.append(
                [
                    scene.name,
                    system if system == CLASSIC else f"ferstream, `DETECTOR={system}`",
                    spread([FRAMES / run.seconds_for(FRAMES) for run in own.values()]),
                    spread(ratios) if ratios else "",
                    f"{found:.1f}",
                ]
            )
    text = (
        f"As above, medians of {plan.scene_rounds} rounds; for a recording of {FRAMES} frames, "
        f"start-up included, of which {plan.scene_frames} were run (the classic loop: "
        f"{CLASSIC_FRAMES}) and the rest is reckoned at the pace of those. One face: the clips, "
        "enlarged. Three and sixteen: tiles, each three faces wide, cut out of clips around the "
        "face and scaled to 426x720 and 160x120, so that faces are some 142 and 53 pixels wide."
    )
    titles = ("scene", "", "frames/s", "times the classic loop", "faces found a frame")
    return Section(text, (table(titles, rows),), kept=kept)


def _faces(run: Run) -> float:
    return run.faces / run.frames if isinstance(run, Lossless) else run.faces


PART = Part("scenes", "Larger pictures, more faces", steps, section)
