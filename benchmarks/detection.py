"""Recall, false faces and cost of the search for faces, against the classic search.

    python -m benchmarks.detection --videos DIRECTORY [--detector NAME ...] [--json FILE]

The directory is one of ``benchmarks.labelled_videos``. Boxes are matched to its faces greedily, by
intersection over union.

Each search sees every frame. *runs* is the lossless mode, which begins every run of frames with no
memory of what came before; *live* goes on from its own last faces; *classic* is the cascade at
scale 1.3 with 5 neighbours and no minimum size, on every frame. Times are CPU time of one thread.

Every second clip, by name, is held out: nothing but the settings of Haar, which are older than this
division, was chosen on it. The clips are also shown on their side and upside down, with the labels
turned likewise: a detector of upright faces is to find nothing there, and no detector anything that
is no face.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.labelled_videos import (
    CLASSROOM,
    CLASSROOM_WIDTH_PX,
    MATCH_IOU,
    Labels,
    read_labelled,
    read_labels,
)
from benchmarks.overlaps import overlaps
from benchmarks.searches import Search, classic_search, gray_of
from common.command import Command
from common.face_model import Boxes
from common.json_files import write_json
from common.pixels import Bgr
from common.progress_bar import progress_bar
from detector.config import DetectorConfig
from detector.detectors import DETECTORS
from detector.seen_face import boxes_of


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Times are in milliseconds of CPU a frame; recall and false faces are None where nothing is
    labelled that they could be judged by.
    """

    videos: str
    search: str
    labelled_faces: int
    recall: float | None
    false_faces_a_frame: float | None
    median_ms: float
    mean_ms: float
    worst_ms: float


def sum_up(
    videos: str, search: str, judged: list[tuple[int, int, int]], times_ms: list[float]
) -> Row:
    """Sum up the matches, boxes and faces of each labelled frame, and the times of all frames."""
    matches, boxes, faces = (sum(each) for each in zip((0, 0, 0), *judged, strict=True))
    return Row(
        videos,
        search,
        faces,
        matches / faces if faces else None,
        (boxes - matches) / len(judged) if judged else None,
        statistics.median(times_ms),
        statistics.mean(times_ms),
        max(times_ms),
    )


def count_matches(boxes: Boxes, faces: NDArray[np.float64]) -> int:
    """Return how many boxes match a face of their own, the best pairs first."""
    overlap = overlaps(boxes.astype(np.float64), faces)
    matches = 0
    while overlap.size and overlap.max() > MATCH_IOU:
        box, face = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[box, :] = overlap[:, face] = 0
        matches += 1
    return matches


Searches = dict[str, Callable[[int, Bgr], Boxes]]


def searches(detectors: Sequence[str]) -> Searches:
    """Return the searches by name; each takes the frame's place in its video, and the frame."""
    interval = DetectorConfig().interval_frames
    by_name: Searches = {}
    for name in detectors:
        by_name[f"{name} runs"] = _searching(Search(name), interval)
        by_name[f"{name} live"] = _searching(Search(name, live=True), sys.maxsize)
    by_name["classic"] = lambda _place, bgr: classic_search(gray_of(bgr))
    return by_name


def _searching(search: Search, forgets_after: int) -> Callable[[int, Bgr], Boxes]:
    def find(place: int, bgr: Bgr) -> Boxes:
        if place % forgets_after == 0:
            search.reset()
        return boxes_of(search.search(bgr))

    return find


def measure_group(
    title: str, videos: Sequence[Path], labels: Labels, by_name: Searches, quarters: int = 0
) -> list[Row]:
    """Run every search over the videos of a group, frame by frame in turn.

    Args:
        title: Name of the group.
        videos: Its videos.
        labels: The faces in them.
        by_name: The searches.
        quarters: How many quarter turns the frames are turned by, clockwise.
    """
    judged: dict[str, list[tuple[int, int, int]]] = {name: [] for name in by_name}
    times_ms: dict[str, list[float]] = {name: [] for name in by_name}
    for video in progress_bar(videos, title, "video"):
        for place, (frame, labelled) in enumerate(read_labelled(video, labels[video.name])):
            bgr, faces = turn_frame(frame, labelled, quarters)
            for name, search in by_name.items():
                started_s = time.thread_time()
                boxes = search(place, bgr)
                times_ms[name].append((time.thread_time() - started_s) * 1000)
                if faces is not None:
                    matches = count_matches(boxes, faces)
                    judged[name].append((matches, len(boxes), len(faces)))
    return [sum_up(title, name, judged[name], times_ms[name]) for name in by_name if videos]


def turn_frame(
    bgr: Bgr, faces: NDArray[np.float64] | None, quarters: int
) -> tuple[Bgr, NDArray[np.float64] | None]:
    """Turn a frame and its faces clockwise by quarter turns."""
    for _ in range(quarters):
        height = bgr.shape[0]
        bgr = np.ascontiguousarray(np.rot90(bgr, -1))
        if faces is not None:
            x, y, w, h = faces.T
            faces = np.stack([height - y - h, x, h, w], axis=1)
    return bgr, faces


def print_table(rows: list[Row]) -> None:
    """Print one line a row, on standard output."""
    print(
        f"{'videos':<24}{'search':<12}{'faces':>6}{'recall':>8}{'false/frame':>13}"
        f"{'median ms':>11}{'mean ms':>9}{'worst ms':>10}"
    )
    for row in rows:
        print(
            f"{row.videos:<24}{row.search:<12}{row.labelled_faces:>6}{_share(row.recall):>8}"
            f"{_share(row.false_faces_a_frame):>13}{row.median_ms:>11.1f}{row.mean_ms:>9.1f}"
            f"{row.worst_ms:>10.1f}"
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--videos", type=Path, required=True, help="directory with faces.csv")
    parser.add_argument(
        "--detector",
        nargs="+",
        choices=DETECTORS,
        default=["haar", "yunet"],
        help="as DETECTOR (default haar and yunet)",
    )
    parser.add_argument("--json", type=Path, help="write the table here too")


def run(options: argparse.Namespace) -> None:
    """Measure the clips in two halves and turned, and the two animations apart."""
    cv2.setNumThreads(1)
    labels = read_labels(options.videos)
    clips = [options.videos / name for name in sorted(labels) if not name.endswith(".gif")]
    by_name = searches(options.detector)
    rows = measure_group("clips, chosen on", clips[::2], labels, by_name)
    rows += measure_group("clips, held out", clips[1::2], labels, by_name)
    rows += measure_group("clips on their side", clips, labels, by_name, quarters=1)
    rows += measure_group("clips upside down", clips, labels, by_name, quarters=2)
    for name in sorted(labels):
        if name.endswith(".gif"):
            title = f"{name} at {CLASSROOM_WIDTH_PX}" if name == CLASSROOM else name[:20]
            rows += measure_group(title, [options.videos / name], labels, by_name)
    settings = DetectorConfig()
    print(f"settings: {settings}; OpenCV {cv2.__version__}, one thread")
    print_table(rows)
    if options.json is not None:
        report = {"settings": asdict(settings), "rows": [asdict(row) for row in rows]}
        write_json(options.json, report)


main = Command("benchmarks.detection", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
