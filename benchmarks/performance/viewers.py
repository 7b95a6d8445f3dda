"""How old a picture is when it reaches its viewer, and how many bytes go out, by viewers."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from benchmarks.performance.live_runs import Live, live_pipeline
from benchmarks.performance.plan import Plan
from benchmarks.performance.report import Chart, Panel, Section, table
from benchmarks.performance.steps import Part, Step
from tests.support.pipeline import ROOT

VIEWERS = (1, 10, 50, 100, 200)
FRAMES = 900
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What many viewers saw, and what the pipeline did meanwhile.

    Attributes:
        rates: Pictures a second of each viewer, from the least.
        mb_s: Megabytes a second to all of them.
        ages_ms: The p50, p95 and p99 of a picture's age at its viewer, of all viewers.
        readers_cores: Cores that the viewers themselves took.
        live: The pipeline.
    """

    rates: tuple[float, ...]
    mb_s: float
    ages_ms: tuple[float, ...]
    readers_cores: float
    live: Live


def run_viewers(plan: Plan, viewers: int) -> Watched:
    """Let so many viewers watch one live camera.

    Raises:
        RuntimeError: The viewers failed.
    """
    source = plan.recordings.numbered(FRAMES)
    settings = {"DETECTOR": plan.default, "PUBLISHER_MAX_VIEWERS": str(max(VIEWERS))}
    with live_pipeline(source, settings) as running:
        arguments = (running.pipeline.url, viewers, plan.window_s, FRAMES)
        readers = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.performance.readers", *map(str, arguments)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert readers.stdout is not None
            ready = readers.stdout.readline().strip() == "ready"
            live = running.look(plan.window_s) if ready else None
            said, errors = readers.communicate(timeout=PATIENCE_S)
        finally:
            readers.kill()
            readers.wait()
    if live is None or readers.returncode:
        raise RuntimeError(f"the viewers: {errors.strip().splitlines()[-1:]}")
    seen = json.loads(said)
    return Watched(
        tuple(seen["rates"]), seen["bytes_s"] / 1e6, tuple(seen["ages_ms"]), seen["cores"], live
    )


def steps(plan: Plan) -> list[Step[Watched]]:
    """Return a run for each number of viewers."""
    return [
        Step(
            viewers,
            f"{viewers} viewers",
            round(plan.window_s) + 7,
            partial(run_viewers, plan, viewers),
        )
        for viewers in VIEWERS
    ]


def section(plan: Plan, runs: Mapping[int, Watched]) -> Section:
    """Show what arrived."""
    rows = [
        [
            str(viewers),
            f"{statistics.median(seen.rates):.1f} ({seen.rates[0]:.1f} to {seen.rates[-1]:.1f})",
            *(f"{ms:.1f}" for ms in seen.ages_ms),
            f"{seen.live.age_ms[1]:.1f}",
            f"{seen.mb_s:.1f}",
            f"{seen.live.cores.get('publisher', 0.0):.2f}",
            f"{seen.readers_cores:.2f}",
            f"{seen.live.peak_mb:.0f}",
        ]
        for viewers, seen in runs.items()
    ]
    titles = (
        *("viewers", "pictures/s of each", "age p50, ms", "p95", "p99", "p95 when published"),
        *("MB/s", "cores, publisher", "cores, viewers", "MB (PSS)"),
    )
    text = (
        "One live camera, 640x480 at 30 frames a second, one face, `DETECTOR="
        f"{plan.default}`, and so many readers of `/video_feed` over HTTP, each of whom takes "
        "every byte as fast as it comes. The age is the time from the capture of a frame until a "
        "viewer has the last byte of its picture, over all pictures of all viewers. The viewers "
        "are one process on the same machine, so they take from the same cores."
    )
    ages = {
        name: [(float(viewers), seen.ages_ms[place]) for viewers, seen in runs.items()]
        for place, name in enumerate(("p50", "p95", "p99"))
    }
    sent = {"MB/s": [(float(viewers), seen.mb_s) for viewers, seen in runs.items()]}
    chart = Chart(
        "viewers",
        "viewers",
        (Panel("age of the picture at the viewer, ms", ages), Panel("sent, MB a second", sent)),
        tuple(map(float, VIEWERS)),
    )
    kept = {f"viewers_{viewers}_p95_ms": seen.ages_ms[1] for viewers, seen in runs.items()}
    return Section(text, (table(titles, rows),), (chart,), kept)


PART = Part("viewers", "Viewers", steps, section)
