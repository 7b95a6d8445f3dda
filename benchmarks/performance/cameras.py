"""Several live cameras: what goes out of what comes in, and how old it is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from benchmarks.performance.live_runs import Live, run_live
from benchmarks.performance.plan import Plan
from benchmarks.performance.recordings import VGA
from benchmarks.performance.report import Chart, Panel, Section, table
from benchmarks.performance.steps import Part, Step

FPS = 15
CAMERAS = (1, 4, 8, 16)
FOUR = 4
"""The number that every detector is measured with; the others with the default one."""


class Key(NamedTuple):
    """Which detector with how many cameras."""

    detector: str
    cameras: int


def steps(plan: Plan) -> list[Step[Live]]:
    """Return a live run for each number of cameras."""
    wanted = [Key(detector, FOUR) for detector in plan.detectors]
    wanted += [Key(plan.default, count) for count in CAMERAS if count != FOUR]
    return [
        Step(
            key,
            f"{key.detector}, {key.cameras} cameras",
            round(plan.window_s) + 5 + key.cameras // 2,
            partial(run_cameras, plan, key),
        )
        for key in wanted
    ]


def run_cameras(plan: Plan, key: Key) -> Live:
    """Run so many cameras."""
    source = plan.recordings.scaled(VGA, 20 * FPS, FPS)
    return run_live(source, {"DETECTOR": key.detector}, plan.window_s, cameras=key.cameras)


def section(plan: Plan, runs: Mapping[Key, Live]) -> Section:
    """Show what came out of all cameras together, and how old."""
    rows = [
        [
            f"`{key.detector}`",
            f"{key.cameras}",
            f"{key.cameras * FPS}",
            f"{run.fps:.1f}",
            f"{100 * run.dropped:.1f} %",
            *(f"{ms:.1f}" for ms in run.age_ms),
            f"{100 * run.cpu_share:.0f} %",
            f"{run.peak_mb:.0f}",
        ]
        for key, run in sorted(runs.items())
    ]
    titles = (
        *("", "cameras", "come in a second", "go out a second", "dropped"),
        *("p50, ms", "p95, ms", "p99, ms", "CPU", "MB (PSS)"),
    )
    text = (
        f"Live cameras of 640x480 at {FPS} frames a second, one face each, one viewer of one of "
        f"them, {plan.window_s:.0f} seconds. The p50 is that of the middle camera, the others are "
        "those of the worst."
    )
    kept = {}
    for key, run in runs.items():
        if key.cameras == FOUR:
            kept[f"{key.detector}_four_dropped"] = run.dropped
            kept[f"{key.detector}_four_p95_ms"] = run.age_ms[1]
    return Section(text, (table(titles, rows),), (_chart(plan, runs),), kept)


def _chart(plan: Plan, runs: Mapping[Key, Live]) -> Chart:
    """Draw those of the default detector."""
    own = {key.cameras: run for key, run in sorted(runs.items()) if key.detector == plan.default}
    fps = {
        "come in": [(float(count), float(count * FPS)) for count in own],
        "go out": [(float(count), run.fps) for count, run in own.items()],
    }
    ages = {
        name: [(float(count), run.age_ms[place]) for count, run in own.items()]
        for place, name in enumerate(("p50", "p95"))
    }
    return Chart(
        "cameras",
        "cameras",
        (Panel("frames a second, all cameras", fps), Panel("age of the picture, ms", ages)),
        tuple(map(float, CAMERAS)),
    )


PART = Part("cameras", "Several live cameras", steps, section)
