"""What a cell of many cameras costs, and how long they are gone when something of it ends.

    python -m benchmarks.cell --cameras 4 8 --detector yunet

Each camera is a recording of 640x480 with one face, played at 15 frames a second; one viewer sees
one of them. Then a capture is killed, and then everything at once, as when a container ends, and
started again; the time until a new picture of each camera is published is printed. That a container
and Kubernetes add something is not in it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.performance.live_runs import SETTLE_S, Live, Running, watch_as_a_browser
from benchmarks.performance.recordings import VGA, Recordings, find_clips
from benchmarks.performance.report import table
from benchmarks.process_tree import TreeSampler
from tests.support.pipeline import Pipeline
from tests.support.rings import rings_of
from tests.support.waiting import eventually

FPS = 15
CLIP_FRAMES = 20 * FPS
PATIENCE_S = 120.0


class Cell(NamedTuple):
    """What was seen of a cell.

    Attributes:
        cameras: How many it had.
        live: What it did and took.
        shared_mb: What its rings take of shared memory.
        start_s: From its start until a picture of each camera was published.
        capture_s: From the death of a capture until its camera's next picture.
        cell_s: From the death of all until a picture of each camera was published again.
    """

    cameras: int
    live: Live
    shared_mb: float
    start_s: float
    capture_s: float
    cell_s: float

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds for each published frame, of all processes."""
        return 1000 * sum(self.live.cores.values()) / self.live.fps

    def row(self) -> list[str]:
        """Return it as a row of the table."""
        live = self.live
        return [
            f"{self.cameras}",
            f"{live.fps:.0f} of {self.cameras * FPS}",
            f"{100 * live.dropped:.1f} %",
            f"{sum(live.cores.values()):.2f}",
            f"{self.cpu_ms:.1f}",
            f"{live.peak_mb:.0f}",
            f"{self.shared_mb:.0f}",
            f"{live.age_ms[1]:.0f}",
            f"{self.start_s:.1f}",
            f"{self.capture_s:.1f}",
            f"{self.cell_s:.1f}",
        ]


TITLES = (
    *("cameras", "frames/s", "dropped", "cores", "CPU ms a frame", "MB (PSS)", "MB of rings"),
    *("age p95, ms", "start, s", "capture killed, s", "all killed, s"),
)


@contextmanager
def cell(source: Path, cameras: int, detector: str) -> Iterator[tuple[Pipeline, float]]:
    """Run a cell until all its cameras are seen; yield it, and how long that took in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "cameras"
        names = [f"camera-{number}" for number in range(cameras)]
        listed.write_text("".join(f"{name} {source} CAPTURE_LOOP=1\n" for name in names))
        began_s = time.perf_counter()
        with Pipeline(CAPTURE_CAMERAS=listed, DETECTOR=detector) as pipeline:
            eventually(
                lambda: seen(pipeline) == cameras,
                lambda: f"pictures of {cameras} cameras\n{pipeline.log}",
                PATIENCE_S,
            )
            yield pipeline, time.perf_counter() - began_s


def seen(pipeline: Pipeline) -> int:
    """Return of how many cameras something was published."""
    return sum(camera["published"] > 0 for camera in pipeline.status().get("cameras", []))


def measure(source: Path, cameras: int, detector: str, seconds: float) -> Cell:
    """Measure a cell, and disturb it."""
    with cell(source, cameras, detector) as (pipeline, start_s):
        with TreeSampler(pipeline.process.pid) as sampler:
            watch_as_a_browser(f"{pipeline.url}/video_feed")
            time.sleep(SETTLE_S)
            live = Running(pipeline, sampler, 0.0).look(seconds)
        shared_mb = rings_mb(pipeline)
        capture_s = time_without_capture(pipeline)
        began_s = time.perf_counter()
        pipeline.kill()
    with cell(source, cameras, detector):
        return Cell(cameras, live, shared_mb, start_s, capture_s, time.perf_counter() - began_s)


def rings_mb(pipeline: Pipeline) -> float:
    """Return what a pipeline's rings take of shared memory, in MB."""
    rings = {ring for each in pipeline.processes("capture.stage") for ring in rings_of(each)}
    return sum(ring.stat().st_size for ring in rings) / 1e6


def time_without_capture(pipeline: Pipeline) -> float:
    """Kill a capture; return the seconds until the one in its place has a picture published."""
    victim = pipeline.processes("capture.stage")[0]
    name = victim.environ()["CAPTURE_CAMERA"]
    victim.kill()
    began_s = time.perf_counter()

    eventually(
        lambda: any(each["restarts"] for each in pipeline.peers("capture")),
        lambda: f"another capture of {name}\n{pipeline.log}",
        PATIENCE_S,
    )
    before = pipeline.camera(name)["published"]  # what the old one had in hand is given up by now
    eventually(
        lambda: pipeline.camera(name).get("published", 0) > before,
        lambda: f"another picture of {name}\n{pipeline.log}",
        PATIENCE_S,
    )
    return time.perf_counter() - began_s


def main() -> None:
    """Measure cells of the sizes that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, nargs="+", default=[4])
    parser.add_argument("--detector", default="yunet")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--videos", type=Path, help="clips of one person each; else the demo")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recordings = Recordings(find_clips(options.videos), Path(folder))
        source = recordings.scaled(VGA, CLIP_FRAMES, FPS)
        cells = [
            measure(source, count, options.detector, options.seconds) for count in options.cameras
        ]
    print(table(TITLES, [found.row() for found in cells]).markdown())


if __name__ == "__main__":
    main()
