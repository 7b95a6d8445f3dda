"""How old the picture is: from capture to published JPEG, on a live source of 30 frames a second.

    python -m benchmarks.latency [--source VIDEO] [--seconds 30]

Starts a live pipeline on the bundled clip (or a looped file), watches its stream as a browser
would, and prints the p50, p95 and p99 of each stage over the last frames, as the publisher measured
them. Also prints the time from the start to the first labelled frame and the memory of all
processes together.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
import urllib.request
from typing import Any

from benchmarks.process_tree import TreeSampler
from common.command import Command
from common.progress_bar import progress_bar
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually


def watch_as_a_browser(url: str) -> None:
    """Read an MJPEG stream as fast as it comes, in a thread."""
    stream = urllib.request.urlopen(url, timeout=30)

    def read() -> None:
        while stream.read1(65_536):
            continue

    threading.Thread(target=read, daemon=True).start()


def wait_for_label(pipeline: Pipeline) -> None:
    """Wait for the first labelled frame."""

    def labelled() -> bool:
        newest = [camera["newest"] or {} for camera in pipeline.status().get("cameras", [])]
        return any(face["label"] for frame in newest for face in frame.get("faces", []))

    eventually(labelled, "a labelled frame")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--source", default="demo", help="a video of 30 frames/s (default demo)")
    parser.add_argument("--seconds", type=int, default=30, help="how long (default 30)")
    parser.add_argument("--workers", default="all=1", help="as for honcho start -c")


def run(options: argparse.Namespace) -> None:
    """Measure."""
    started = time.perf_counter()
    settings = {"CAPTURE_SOURCE": options.source, "CAPTURE_LOOP": "1"}
    with Pipeline("-c", options.workers, **settings) as pipeline:
        sampler = TreeSampler(pipeline.process.pid)
        wait_for_label(pipeline)
        first_s = time.perf_counter() - started
        watch_as_a_browser(f"{pipeline.url}/video_feed")
        for _ in progress_bar(range(options.seconds), "watching", "s"):
            time.sleep(1)
        camera = pipeline.status()["cameras"][0]
    sampler.stop()
    report(camera, first_s, sampler.peak_rss_mb)


def report(camera: dict[str, Any], first_s: float, peak_mb: float) -> None:
    """Print the figures."""
    print(f"{'':12} {'p50':>7} {'p95':>7} {'p99':>7}  ms")
    for stage, figures in camera["stages_ms"].items():
        p50, p95, p99 = (figures[name] for name in ("p50", "p95", "p99"))
        print(f"{stage:12} {p50:7.1f} {p95:7.1f} {p99:7.1f}")
    print(
        f"{camera['fps']:.1f} frames/s published; captured {camera['captured']}, "
        f"published {camera['published']}, dropped {camera['dropped']}"
    )
    print(f"first labelled frame after {first_s:.1f} s; peak memory {peak_mb:.0f} MB")


main = Command("benchmarks.latency", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
