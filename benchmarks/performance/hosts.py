"""Workers on other hosts: what they add, and what goes over the network for a camera."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.performance.cameras import FPS
from benchmarks.performance.live_runs import SETTLE_S, Json, wait_for_label
from benchmarks.performance.plan import Plan
from benchmarks.performance.progress import Progress
from benchmarks.performance.recordings import VGA
from benchmarks.performance.report import Section, table
from benchmarks.performance.runs import LONGEST_RUN_S, Settings
from benchmarks.performance.steps import Part, Step
from tests.support.host_pipeline import HostPipeline
from tests.support.hosts import Host, Traffic, hosts

STAGES = ("broker", "capture", "detector", "classifier", "publisher")
DETECTORS = {"DETECTOR_WORKERS": "2"}
"""The same everywhere: what suits the cores depends on who starts them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What is elsewhere.

    Attributes:
        stage: The stage; empty where all are on one host.
        count: On how many other hosts.
    """

    stage: str = ""
    count: int = 0

    @property
    def title(self) -> str:
        """Its name, for people."""
        return f"{self.count} with a {self.stage}" if self.stage else "none"

    @property
    def transport(self) -> str:
        """How frames get there: classifiers do not need them."""
        return "inline" if self.stage == "detector" else "ring"


LAYOUTS = (
    Layout(),
    *(Layout("classifier", count) for count in (1, 2, 4)),
    Layout("detector", 1),
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What was seen of one layout.

    Attributes:
        fps: Frames a second of a lossless run while everything runs.
        a_frame: What went over the network for each of its frames.
        live_fps: Frames published a second of a live camera.
        dropped: Share of its frames that was dropped.
        a_second: What went over the network in each second of it.
    """

    fps: float
    a_frame: Traffic
    live_fps: float
    dropped: float
    a_second: Traffic


@contextmanager
def spread_out(layout: Layout, settings: Settings) -> Iterator[HostPipeline]:
    """Run a pipeline with one of its stages elsewhere."""
    here = [stage for stage in STAGES if stage != layout.stage]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ferstream-"))
        names = [f"host{number}" for number in range(layout.count + 1)]
        first, *others = stack.enter_context(hosts(*names))
        given = {**DETECTORS, "FRAME_TRANSPORT": layout.transport, **settings}
        pipeline = stack.enter_context(HostPipeline(first, Path(folder), *here, **given))
        for host in others:
            stack.enter_context(pipeline.worker_on(host, layout.stage))
        yield pipeline


def run_layout(plan: Plan, layout: Layout) -> Elsewhere:
    """Run a recording without loss, and then live."""
    video = str(plan.recordings.scaled(VGA, plan.scene_frames, FPS))
    fps, a_frame = _run_lossless(layout, video, plan.scene_frames)
    with spread_out(layout, {"CAPTURE_SOURCE": video, "CAPTURE_LOOP": "1"}) as pipeline:
        wait_for_label(pipeline)
        time.sleep(SETTLE_S)
        before, from_s = _look(pipeline)
        sent_before = _traffic(pipeline.host)
        time.sleep(plan.window_s)
        after, to_s = _look(pipeline)
        sent = _traffic(pipeline.host).since(sent_before)
    passed_s = to_s - from_s
    captured, published, dropped = (
        after[what] - before[what] for what in ("captured", "published", "dropped_total")
    )
    return Elsewhere(
        fps,
        a_frame,
        published / passed_s,
        dropped / max(1, captured),
        _share(sent, passed_s),
    )


def _run_lossless(layout: Layout, video: str, frames: int) -> tuple[float, Traffic]:
    """Return frames a second, and what went over the network for a frame.

    Raises:
        RuntimeError: It fails.
    """
    with tempfile.TemporaryDirectory(prefix="ferstream-") as name:
        results = Path(name) / "results.csv"
        settings = {
            "CAPTURE_SOURCE": video,
            "CAPTURE_MODE": "lossless",
            "PUBLISHER_RESULTS": str(results),
        }
        with spread_out(layout, settings) as pipeline, Progress(results) as progress:
            if pipeline.wait(LONGEST_RUN_S):
                raise RuntimeError(f"a run failed: {''.join(pipeline.lines[-5:])}")
            sent = _traffic(pipeline.host)
    return progress.steady(frames).fps, _share(sent, frames)


def _look(pipeline: HostPipeline) -> tuple[Json, float]:
    (camera,) = pipeline.status()["cameras"]
    return camera, time.perf_counter()


def _traffic(first: Host) -> Traffic:
    """Return what has gone from the first host to all others, and back."""
    seen = first.traffic()
    return Traffic(to_host=seen.from_host, from_host=seen.to_host)


def _share(traffic: Traffic, parts: float) -> Traffic:
    return Traffic(round(traffic.to_host / parts), round(traffic.from_host / parts))


def steps(plan: Plan) -> list[Step[Elsewhere]]:
    """Return a run for each layout."""
    return [
        Step(
            layout,
            f"other hosts: {layout.title}",
            round(plan.window_s) + 16,
            partial(run_layout, plan, layout),
        )
        for layout in LAYOUTS
    ]


def section(plan: Plan, runs: Mapping[Layout, Elsewhere]) -> Section:
    """Show each layout."""
    rows = [
        [
            layout.title,
            f"{run.fps:.0f}",
            f"{run.a_frame.to_host / 1000:.1f}",
            f"{run.a_frame.from_host / 1000:.1f}",
            f"{run.live_fps:.1f}",
            f"{100 * run.dropped:.0f} %",
            f"{8 * run.a_second.to_host / 1e6:.2f}",
            f"{8 * run.a_second.from_host / 1e6:.2f}",
        ]
        for layout, run in runs.items()
    ]
    text = (
        "One face, 640x480, on hosts that are namespaces of this one machine, over tcp with keys "
        "and links without a limit. They share its cores, so workers on more of them add nothing "
        "beyond those. What goes over the network is as between machines: bytes on the link of the "
        "host with the rest of the pipeline, with all headers. Lossless: "
        f"{plan.scene_frames} frames, the rate while everything runs. Live: a camera of {FPS} "
        f"frames a second, {plan.window_s:.0f} seconds. A classifier gets crops of 48x48; a "
        "detector (two processes) gets frames as JPEGs (`FRAME_TRANSPORT=inline`), whose size "
        "depends on the picture."
    )
    titles = (
        "other hosts",
        "lossless, frames/s",
        "kB a frame there",
        "back",
        "live, frames/s",
        "dropped",
        "Mbit/s a camera there",
        "back",
    )
    return Section(text, (table(titles, rows),))


PART = Part("hosts", "Other hosts", steps, section)
