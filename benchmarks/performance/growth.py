"""How frames a second and age grow: with detectors, classifiers, faces and pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.performance.live_runs import Live, run_live
from benchmarks.performance.plan import Plan
from benchmarks.performance.recordings import VGA, Recordings, Size
from benchmarks.performance.report import Chart, Panel, Section, table
from benchmarks.performance.runs import Lossless, Settings, run_lossless
from benchmarks.performance.steps import Part, Step

DETECTORS = (1, 2, 3, 4)
CLASSIFIERS = (1, 2, 4, 8)
FACES = (0, 1, 4, 16, 64)
SIZES: tuple[Size, ...] = ((640, 480), (1920, 1080), (3840, 2160))
GRID_SIZE, GRID = (1280, 960), (8, 8)
SIXTEEN = (4, 4)
LEAST_FRAMES = 90
"""Of pictures of 4K, of which as many as of VGA would take a minute to make."""

LOSSLESS, LIVE = "lossless", "live"


class Key(NamedTuple):
    """Which measurement: a detector, how much there is, and how it ran."""

    detector: str
    amount: float
    mode: str


@dataclass(frozen=True, slots=True)
class Amount:
    """One point of a curve.

    Attributes:
        value: How much there is.
        name: The same in words.
        settings: Of the pipeline.
        video: Makes the recording that is analysed, and played 30 times a second.
        has_faces: Whether a face is to be seen.
    """

    value: float
    name: str
    settings: Settings
    video: Callable[[Recordings, int], Path]
    has_faces: bool = True


def vga_frames(of: Recordings, frames: int) -> Path:
    """Return one face at 640x480."""
    return of.scaled(VGA, frames)


def sixteen_faces(of: Recordings, frames: int) -> Path:
    """Return sixteen faces at 640x480."""
    return of.tiled(VGA, SIXTEEN, 16, frames)


def many_faces(faces: int, of: Recordings, frames: int) -> Path:
    """Return so many faces in a grid."""
    return of.tiled(GRID_SIZE, GRID, faces, frames)


def large_frames(size: Size, of: Recordings, frames: int) -> Path:
    """Return one face in frames of a size, fewer where they are large."""
    return of.scaled(size, max(LEAST_FRAMES, frames * VGA[0] // size[0]))


DETECTOR_AMOUNTS = tuple(
    Amount(count, str(count), {"DETECTOR_WORKERS": str(count)}, vga_frames) for count in DETECTORS
)
CLASSIFIER_AMOUNTS = tuple(
    Amount(count, str(count), {"CLASSIFIER_WORKERS": str(count)}, sixteen_faces)
    for count in CLASSIFIERS
)
FACE_AMOUNTS = tuple(
    Amount(faces, str(faces), {}, partial(many_faces, faces), has_faces=faces > 0)
    for faces in FACES
)
SIZE_AMOUNTS = tuple(
    Amount(size[0] * size[1] / 1e6, f"{size[0]}x{size[1]}", {}, partial(large_frames, size))
    for size in SIZES
)


@dataclass(frozen=True, slots=True)
class Curve:
    """What a part measures.

    Attributes:
        name: Of the part and its chart.
        title: The section's heading.
        axis: What the amounts count.
        text: What is to be seen.
        amounts: The points.
        every_detector: Whether lossless runs are made with every detector, not the default alone.
    """

    name: str
    title: str
    axis: str
    text: str
    amounts: tuple[Amount, ...]
    every_detector: bool

    def part(self) -> Part[Lossless | Live]:
        """Return the part that measures it."""
        return Part(self.name, self.title, self._steps, self._section)

    def _detectors(self, plan: Plan) -> tuple[str, ...]:
        return plan.detectors if self.every_detector else (plan.default,)

    def _steps(self, plan: Plan) -> list[Step[Lossless | Live]]:
        return [
            step
            for detector in self._detectors(plan)
            for amount in self.amounts
            for step in _runs(plan, detector, amount, self.axis)
        ]

    def _section(self, plan: Plan, runs: Mapping[Key, Lossless | Live]) -> Section:
        rows = [
            [
                *([f"`{detector}`"] if self.every_detector else []),
                amount.name,
                *_lossless_cells(runs.get(Key(detector, amount.value, LOSSLESS))),
                *_live_cells(runs.get(Key(detector, amount.value, LIVE))),
            ]
            for detector in self._detectors(plan)
            for amount in self.amounts
        ]
        titles = [*([""] if self.every_detector else []), self.axis, *TITLES]
        return Section(self.text, (table(titles, rows),), (self._chart(runs),))

    def _chart(self, runs: Mapping[Key, Lossless | Live]) -> Chart:
        fps: dict[str, list[tuple[float, float]]] = {}
        ages: dict[str, list[tuple[float, float]]] = {}
        for key, run in sorted(runs.items()):
            if isinstance(run, Lossless):
                fps.setdefault(key.detector, []).append((key.amount, run.steady_fps))
            else:
                for name, ms in zip(("p50", "p95"), run.age_ms, strict=False):
                    ages.setdefault(f"{key.detector}, {name}", []).append((key.amount, ms))
        return Chart(
            self.name,
            self.axis,
            (Panel("lossless, frames a second", fps), Panel("live, age of the picture, ms", ages)),
            tuple(amount.value for amount in self.amounts),
            tuple(amount.name for amount in self.amounts),
        )


TITLES = ("lossless, frames/s", "faces a frame", "live, frames/s", "dropped", "p50, ms", "p95, ms")


def _runs(plan: Plan, detector: str, amount: Amount, axis: str) -> list[Step[Lossless | Live]]:
    """Return a lossless run and, of the default detector, a live one."""
    settings = {**amount.settings, "DETECTOR": detector}

    def video() -> Path:
        return amount.video(plan.recordings, plan.growth_frames)

    def lossless() -> Lossless:
        return run_lossless(video(), settings)

    def live() -> Live:
        return run_live(video(), settings, plan.window_s, has_faces=amount.has_faces)

    what = f"{detector}, {axis}: {amount.name}"
    made: list[Step[Lossless | Live]] = [
        Step(Key(detector, amount.value, LOSSLESS), f"{what}, lossless", 5, lossless)
    ]
    if detector == plan.default:
        key = Key(detector, amount.value, LIVE)
        made.append(Step(key, f"{what}, live", round(plan.window_s) + 5, live))
    return made


def _lossless_cells(run: Lossless | Live | None) -> tuple[str, ...]:
    if not isinstance(run, Lossless):
        return ("-",) * 2
    return f"{run.steady_fps:.1f}", f"{run.faces / run.frames:.1f}"


def _live_cells(run: Lossless | Live | None) -> tuple[str, ...]:
    if not isinstance(run, Live):
        return ("-",) * 4
    p50_ms, p95_ms, _ = run.age_ms
    return f"{run.fps:.1f}", f"{100 * run.dropped:.0f} %", f"{p50_ms:.1f}", f"{p95_ms:.1f}"


HOW = (
    " Lossless: frames a second while everything runs, start-up apart. Live: played at 30 frames a "
    "second with one viewer, with the default detector; age of the picture when it is published."
)
PARTS: tuple[Part[Lossless | Live], ...] = tuple(
    curve.part()
    for curve in (
        Curve(
            "detectors",
            "Detectors",
            "detectors",
            "One face, 640x480, `DETECTOR_WORKERS` 1 to 4." + HOW,
            DETECTOR_AMOUNTS,
            every_detector=False,
        ),
        Curve(
            "classifiers",
            "Classifiers",
            "classifiers",
            "Sixteen faces, 640x480, `CLASSIFIER_WORKERS` 1 to 8." + HOW,
            CLASSIFIER_AMOUNTS,
            every_detector=False,
        ),
        Curve(
            "faces",
            "Faces",
            "faces to be seen",
            "1280x960, 64 tiles, so many of which show a face about 53 pixels wide; the others "
            "the same pictures upside down." + HOW,
            FACE_AMOUNTS,
            every_detector=True,
        ),
        Curve(
            "sizes",
            "Pixels",
            "size of the frame",
            "One face, a tenth of the width." + HOW,
            SIZE_AMOUNTS,
            every_detector=True,
        ),
    )
)
