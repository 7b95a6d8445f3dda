"""How long an upload takes: from the first byte sent to the answer, while a live camera runs.

    python -m benchmarks.upload_latency [--uploads 60] [--workers detector=2]

Starts a live pipeline on the bundled clip and posts a 640x480 and a 4000x3000 JPEG of three faces
to ``/api/analyze``, in turn, a second apart. Prints p50 and p95 of each in milliseconds. Then posts
large ones without a pause, and prints how many frames a second the camera published before, while
there was an upload a second, and during those.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice

import cv2
import numpy as np

from benchmarks.labelled_videos import read_frames
from benchmarks.performance.live_runs import wait_for_label
from common.command import Command
from common.progress_bar import progress_bar
from tests.publisher.uploading import post_images
from tests.support.media import DEMO
from tests.support.pipeline import Pipeline

FRAME = 200  # three faces, from 44 to 132 px
SIZES = ((640, 480), (4000, 3000))
JPEG_QUALITY = 90
NOISE = 3.0  # of a sensor: without it an enlarged picture is a small file
SECONDS_BEFORE = 10
BURST_SECONDS = 15
PAUSE_S = 1.0


def pictures() -> list[bytes]:
    """Return the JPEGs, one a size."""
    frame = next(islice(read_frames(DEMO), FRAME, None))
    random = np.random.default_rng(0)
    jpegs = []
    for size in SIZES:
        bgr = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)
        noisy = np.clip(bgr + random.normal(0, NOISE, bgr.shape), 0, 255).astype(np.uint8)
        jpegs.append(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])
    return [jpeg.tobytes() for jpeg in jpegs]


def upload(url: str, jpeg: bytes) -> tuple[float, int]:
    """Post one image; return the milliseconds it took and the faces that were found."""
    started = time.perf_counter()
    reply = post_images(url, jpeg)
    if reply.code != 200:
        raise SystemExit(f"the upload was answered {reply.code}: {reply.body.decode()}")
    faces = json.loads(reply.body)["images"][0]["faces"]
    return (time.perf_counter() - started) * 1000, len(faces)


def camera_rate(pipeline: Pipeline) -> Callable[[], float]:
    """Return a function: the frames a second that the camera published since this call."""

    def published() -> int:
        return int(pipeline.status()["cameras"][0]["published"])

    before, started = published(), time.perf_counter()
    return lambda: (published() - before) / (time.perf_counter() - started)


def measure(pipeline: Pipeline, uploads: int) -> None:
    """Upload and print."""
    url = pipeline.url
    jpegs = pictures()
    rate = camera_rate(pipeline)
    time.sleep(SECONDS_BEFORE)
    alone_fps = rate()
    for jpeg in jpegs:
        upload(url, jpeg)  # whatever is loaded once
    times: list[list[float]] = [[] for _ in jpegs]
    faces: list[set[int]] = [set() for _ in jpegs]
    rate = camera_rate(pipeline)
    for _ in progress_bar(range(uploads), "uploading", "round"):
        for at, jpeg in enumerate(jpegs):
            time.sleep(PAUSE_S)
            took_ms, found = upload(url, jpeg)
            times[at].append(took_ms)
            faces[at].add(found)
    during_fps = rate()
    rate, started, burst = camera_rate(pipeline), time.perf_counter(), 0
    while time.perf_counter() - started < BURST_SECONDS:
        upload(url, jpegs[-1])
        burst += 1
    burst_fps = rate()
    print(f"{'':12} {'MB':>6} {'faces':>6} {'p50':>7} {'p95':>7}  ms")
    for (width, height), jpeg, took, found_faces in zip(SIZES, jpegs, times, faces, strict=True):
        cuts = statistics.quantiles(took, n=20)
        name = f"{width}x{height}"
        shown = "/".join(str(count) for count in sorted(found_faces))
        print(f"{name:12} {len(jpeg) / 1e6:6.2f} {shown:>6} {cuts[9]:7.0f} {cuts[18]:7.0f}")
    print(
        f"camera: {alone_fps:.1f} frames/s before, {during_fps:.1f} with an upload a second, "
        f"{burst_fps:.1f} during {burst} large ones without a pause in {BURST_SECONDS} s"
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--uploads", type=int, default=60, help="of each size (default 60)")
    parser.add_argument("--workers", default="all=1", help="as for honcho start -c")


def run(options: argparse.Namespace) -> None:
    """Measure."""
    with Pipeline("-c", options.workers) as pipeline:
        wait_for_label(pipeline)
        measure(pipeline, options.uploads)


main = Command("benchmarks.upload_latency", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
