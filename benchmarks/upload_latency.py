"""How long an upload takes: from the first byte sent to the answer, while a live camera runs.

    python -m benchmarks.upload_latency [--uploads 60] [--workers detector=2]

Starts a live pipeline on the bundled clip and posts a 640x480 and a 4000x3000 JPEG of three faces
to ``/api/analyze``, in turn, a second apart. Prints p50 and p95 of each in milliseconds. Then posts
large ones without a pause, and prints how many frames a second the camera published before, while
there was an upload a second, and during those.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import time
import urllib.error
import urllib.request

import cv2
import numpy as np
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from benchmarks.latency import status, wait_for_label
from benchmarks.pipeline_runs import ROOT, live_pipeline
from common.command import Command
from common.progress_bar import progress_bar

CLIP = ROOT / "capture" / "demo" / "demo.mp4"
FRAME = 200  # three faces, from 44 to 132 px
SIZES = ((640, 480), (4000, 3000))
JPEG_QUALITY = 90
NOISE = 3.0  # of a sensor: without it an enlarged picture is a small file
SECONDS_BEFORE = 10
BURST_SECONDS = 15
PAUSE_S = 1.0


def pictures() -> list[bytes]:
    """Return the JPEGs, one a size."""
    clip = cv2.VideoCapture(str(CLIP))
    frames = [clip.read()[1] for _ in range(FRAME + 1)]
    clip.release()
    random = np.random.default_rng(0)
    jpegs = []
    for size in SIZES:
        bgr = cv2.resize(frames[-1], size, interpolation=cv2.INTER_CUBIC)
        noisy = np.clip(bgr + random.normal(0, NOISE, bgr.shape), 0, 255).astype(np.uint8)
        jpegs.append(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])
    return [jpeg.tobytes() for jpeg in jpegs]


def upload(url: str, jpeg: bytes) -> tuple[float, int]:
    """Post one image; return the milliseconds it took and the faces that were found."""
    form = {"image": FileStorage(io.BytesIO(jpeg), "frame.jpg")}
    boundary, body = encode_multipart(form)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(f"{url}/api/analyze", data=body, headers=headers)
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            image = json.load(answer)["images"][0]
    except urllib.error.HTTPError as error:
        why = error.read().decode()
        raise SystemExit(f"the upload was answered {error.code}: {why}") from error
    return (time.perf_counter() - started) * 1000, len(image["faces"])


class CameraRate:
    """Frames a second that the camera published since this was made."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._before = self._published()
        self._started = time.perf_counter()

    def now(self) -> float:
        """Return the rate."""
        return (self._published() - self._before) / (time.perf_counter() - self._started)

    def _published(self) -> int:
        return int(status(self._url)["cameras"][0]["published"])


def measure(url: str, uploads: int) -> None:
    """Upload and print."""
    jpegs = pictures()
    rate = CameraRate(url)
    time.sleep(SECONDS_BEFORE)
    alone_fps = rate.now()
    for jpeg in jpegs:
        upload(url, jpeg)  # whatever is loaded once
    times: list[list[float]] = [[] for _ in jpegs]
    faces: list[set[int]] = [set() for _ in jpegs]
    rate = CameraRate(url)
    for _ in progress_bar(range(uploads), "uploading", "round"):
        for at, jpeg in enumerate(jpegs):
            time.sleep(PAUSE_S)
            took_ms, found = upload(url, jpeg)
            times[at].append(took_ms)
            faces[at].add(found)
    during_fps = rate.now()
    rate, started, burst = CameraRate(url), time.perf_counter(), 0
    while time.perf_counter() - started < BURST_SECONDS:
        upload(url, jpegs[-1])
        burst += 1
    burst_fps = rate.now()
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
    parser.add_argument("--workers", default="", help="as for honcho start -c")


def run(options: argparse.Namespace) -> None:
    """Measure."""
    started = time.perf_counter()
    with live_pipeline(options.workers, CAPTURE_SOURCE="demo") as (url, _):
        wait_for_label(url, started)
        measure(url, options.uploads)


main = Command("benchmarks.upload_latency", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
