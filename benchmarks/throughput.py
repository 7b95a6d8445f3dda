"""The pipeline against the classic loop: the same videos, in turn, start-up included.

    python -m benchmarks.throughput VIDEO [VIDEO ...]

The videos are joined into one file of 640x480 first, which both then read: the classic loop as
``benchmarks.single_process``, the pipeline as ``honcho start`` in lossless mode, writing a CSV.
Prints frames a second, the ratio of each pair of runs, CPU seconds, and the peak memory of all
processes together.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import cv2

from benchmarks.labelled_videos import read_frames
from benchmarks.process_tree import Usage, measure
from common.command import Command
from common.json_files import write_json
from common.progress_bar import progress_bar
from tests.support.pipeline import free_port, honcho_command, pipeline_environ

SIZE_PX = (640, 480)
RATE_FPS = 30
JPEG_QUALITY = 95


def join_videos(videos: list[Path], joined: Path) -> int:
    """Write all frames of the videos, scaled to 640x480, into one MJPEG file; return how many."""
    writer = cv2.VideoWriter(str(joined), cv2.VideoWriter.fourcc(*"MJPG"), RATE_FPS, SIZE_PX)
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, JPEG_QUALITY)
    frames = 0
    for video in progress_bar(videos, "joining the videos", "video"):
        for bgr in read_frames(video):
            frames += 1
            writer.write(cv2.resize(bgr, SIZE_PX, interpolation=cv2.INTER_AREA))
    writer.release()
    return frames


def run_classic(video: Path, directory: Path) -> Usage:
    """Run the classic loop over the joined video."""
    command = [sys.executable, "-m", "benchmarks.single_process", str(video)]
    return measure(command, pipeline_environ(directory, 1), directory / "classic.log")


def run_pipeline(video: Path, directory: Path, workers: str, frames: int) -> Usage:
    """Run the pipeline over the joined video, and check that it has a record for every frame."""
    results = directory / "results.csv"
    results.unlink(missing_ok=True)
    environ = pipeline_environ(
        directory,
        free_port(),
        CAPTURE_SOURCE=video,
        CAPTURE_MODE="lossless",
        PUBLISHER_RESULTS=results,
    )
    log = directory / "pipeline.log"
    usage = measure(honcho_command("-c", workers), environ, log)
    records = {line.split(",")[1] for line in results.read_text().splitlines()[1:]}
    if len(records) != frames:
        raise SystemExit(f"{len(records)} of {frames} frames have a record; see {log}")
    return usage


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    parser.add_argument("--runs", type=int, default=3, help="pairs of runs (default 3)")
    parser.add_argument(
        "--workers", default="detector=2", help="as for honcho start -c (default detector=2)"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")


def run(options: argparse.Namespace) -> None:
    """Compare the two."""
    with tempfile.TemporaryDirectory(prefix="ferstream-") as name:
        directory = Path(name)
        video = directory / "joined.avi"
        frames = join_videos(options.videos, video)
        pairs = [
            (run_classic(video, directory), run_pipeline(video, directory, options.workers, frames))
            for _ in progress_bar(range(options.runs), "runs", "pair")
        ]
    report(frames, pairs)
    if options.json:
        rows = [{"classic": asdict(c), "pipeline": asdict(p)} for c, p in pairs]
        write_json(options.json, {"frames": frames, "runs": rows})


def report(frames: int, pairs: list[tuple[Usage, Usage]]) -> None:
    """Print medians and the ratio of each pair."""
    print(f"{frames} frames of {SIZE_PX[0]}x{SIZE_PX[1]}, {len(pairs)} pairs of runs, medians:")
    print(f"{'':10} {'frames/s':>9} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
    for name, runs in zip(("classic", "pipeline"), zip(*pairs, strict=True), strict=True):
        wall_s = statistics.median(run.wall_s for run in runs)
        cpu_s = statistics.median(run.cpu_s for run in runs)
        peak_mb = statistics.median(run.peak_rss_mb for run in runs)
        print(f"{name:10} {frames / wall_s:9.1f} {wall_s:8.1f} {cpu_s:8.1f} {peak_mb:8.0f}")
    ratios = sorted(classic.wall_s / pipeline.wall_s for classic, pipeline in pairs)
    print(
        f"the pipeline is {statistics.median(ratios):.1f} times as fast "
        f"(pairs: {', '.join(f'{ratio:.1f}' for ratio in ratios)})"
    )


main = Command("benchmarks.throughput", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
