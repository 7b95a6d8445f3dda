"""How old a live picture is, and what that costs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

from benchmarks.performance.live_runs import PERCENTILES, Live, run_live
from benchmarks.performance.plan import Plan
from benchmarks.performance.report import Section, table
from benchmarks.performance.steps import Part, Step


def steps(plan: Plan) -> list[Step[Live]]:
    """Return a run for each detector."""
    return [
        Step(
            detector,
            f"a camera, {detector}",
            round(plan.live_s) + 6,
            partial(run_live, "demo", {"DETECTOR": detector}, plan.live_s),
        )
        for detector in plan.detectors
    ]


def section(plan: Plan, runs: Mapping[str, Live]) -> Section:
    """Show the age by stage, and what the run took."""
    stages = dict.fromkeys(stage for run in runs.values() for stage in run.stages_ms)
    ages = [
        [
            f"**{stage}**" if stage == "total" else stage,
            *(f"{ms:.1f}" for run in runs.values() for ms in run.stages_ms.get(stage, (0, 0, 0))),
        ]
        for stage in stages
    ]
    named = [f"`{detector}`, {name}" for detector in runs for name in PERCENTILES]
    costs = [
        [
            f"`{detector}`",
            f"{run.fps:.1f}",
            f"{100 * run.dropped:.1f} %",
            f"{100 * run.cpu_share:.0f} %",
            f"{run.first_label_s:.1f}",
            f"{run.peak_mb:.0f}",
        ]
        for detector, run in runs.items()
    ]
    text = (
        "The bundled clip, 640x480 at 30 frames a second with up to three faces, live, one viewer "
        f"of `/video_feed`, {plan.live_s:.0f} seconds. The age of a picture is the time from its "
        "capture to its publication as JPEG; the percentiles are those of the last 300 frames. CPU "
        f"is that of all processes of the pipeline, as a share of {os.cpu_count()} cores; the "
        "first label is counted from `honcho start`."
    )
    titles = ("", "frames/s", "dropped", "CPU", "first label, s", "MB (PSS)")
    tables = (table(("ms", *named), ages), table(titles, costs))
    kept = {}
    for detector, run in runs.items():
        for name, ms in zip(PERCENTILES, run.age_ms, strict=True):
            kept[f"{detector}_live_{name}_ms"] = ms
        kept[f"{detector}_live_cpu_share"] = run.cpu_share
        kept[f"{detector}_first_label_s"] = run.first_label_s
    return Section(text, tables, kept=kept)


PART = Part("live", "A live camera", steps, section)
