"""Recall, false faces and cost of the search for faces, against the classic search.

    python -m benchmarks.detection --videos DIRECTORY [--json FILE]

The directory holds videos and ``faces.csv``: video, frame, x, y, w, h, score, where a row without a
box is a frame without a face. Only the frames it names are judged. Boxes are matched to it greedily
by intersection over union above 0.25: labels of neural detectors are taller than Haar's boxes.

Each search sees every frame. *runs* is the lossless mode, which begins every run of frames with no
memory of what came before; *live* goes on from its own last faces; *classic* is the cascade at
scale 1.3 with 5 neighbours and no minimum size, on every frame. Times are CPU time of one thread.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from common.command import Command
from common.face_model import Boxes, no_boxes
from common.json_files import write_json
from common.pixels import Gray
from common.progress_bar import progress_bar
from detector.cascade import DEFAULT_CASCADE, load_cascade
from detector.config import DetectorConfig
from detector.detectors import create_detector
from detector.plan import spread_plan, whole_plan
from detector.search import FaceSearch
from publisher.tracking.assignment import overlaps

Labels = dict[str, dict[int, NDArray[np.float64]]]
"""For each video and labelled frame the faces, ``(n, 4) float64``."""

MATCH_IOU = 0.25
CLASSROOM, CLASSROOM_WIDTH_PX = "classroom.gif", 1280
"""Its faces are 10 to 19 px wide: too small for a cascade unless the picture is enlarged."""


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


class Tally:
    """Counts matches, false faces and times over frames."""

    def __init__(self) -> None:
        self.faces = self.matched = self.false = self.labelled_frames = 0
        self.times_ms: list[float] = []

    def judge(self, boxes: Boxes, faces: NDArray[np.float64]) -> None:
        """Count one labelled frame."""
        matched = count_matches(boxes, faces)
        self.matched += matched
        self.false += len(boxes) - matched
        self.faces += len(faces)
        self.labelled_frames += 1

    def row(self, videos: str, search: str) -> Row:
        """Return the line of the table."""
        return Row(
            videos,
            search,
            self.faces,
            self.matched / self.faces if self.faces else None,
            self.false / self.labelled_frames if self.labelled_frames else None,
            statistics.median(self.times_ms),
            statistics.mean(self.times_ms),
            max(self.times_ms),
        )


def read_labels(path: Path) -> Labels:
    """Read ``faces.csv``."""
    rows: dict[str, dict[int, list[list[float]]]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            faces = rows.setdefault(row["video"], {}).setdefault(int(row["frame"]), [])
            if row["w"]:
                faces.append([float(row[name]) for name in ("x", "y", "w", "h")])
    return {
        video: {frame: np.array(faces).reshape(-1, 4) for frame, faces in frames.items()}
        for video, frames in rows.items()
    }


def count_matches(boxes: Boxes, faces: NDArray[np.float64]) -> int:
    """Return how many boxes match a face of their own, the best pairs first."""
    overlap = overlaps(boxes.astype(np.float64), faces)
    matches = 0
    while overlap.size and overlap.max() > MATCH_IOU:
        box, face = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[box, :] = overlap[:, face] = 0
        matches += 1
    return matches


def read_gray_frames(path: Path, width_px: int | None) -> Iterator[Gray]:
    """Yield the grey frames, ``(height, width) uint8``, scaled to a width if one is given."""
    video = cv2.VideoCapture(str(path))
    while True:
        read, bgr = video.read()
        if not read:
            break
        if width_px is not None:
            size = (width_px, round(bgr.shape[0] * width_px / bgr.shape[1]))
            bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_CUBIC)
        yield cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    video.release()


def searches(settings: DetectorConfig) -> dict[str, Callable[[int, Gray], Boxes]]:
    """Return the searches by name; each takes the frame's place in its video, and the frame."""
    detector = create_detector(settings)
    in_runs = FaceSearch(detector, whole_plan(settings.interval_frames))
    live = FaceSearch(detector, spread_plan(settings.interval_frames))
    cascade = load_cascade(DEFAULT_CASCADE)

    def search_in_runs(place: int, gray: Gray) -> Boxes:
        if place % settings.interval_frames == 0:
            in_runs.reset()
        return in_runs.search(gray)

    def search_live(place: int, gray: Gray) -> Boxes:
        if place == 0:
            live.reset()
        return live.search(gray)

    def search_classic(place: int, gray: Gray) -> Boxes:
        del place
        found = cascade.detectMultiScale(gray, scaleFactor=1.3, minNeighbors=5)
        return np.asarray(found, np.int32) if len(found) else no_boxes()

    return {"runs": search_in_runs, "live": search_live, "classic": search_classic}


def measure_group(
    title: str, videos: list[Path], labels: Labels, width_px: int | None, settings: DetectorConfig
) -> list[Row]:
    """Run every search over the videos of a group, frame by frame in turn."""
    by_name = searches(settings)
    tallies = {name: Tally() for name in by_name}
    for video in progress_bar(videos, title, "video"):
        for place, gray in enumerate(read_gray_frames(video, width_px)):
            scale = gray.shape[1] / labelled_width_px(video) if width_px is not None else 1.0
            faces = labels[video.name].get(place)
            for name, search in by_name.items():
                started_s = time.thread_time()
                boxes = search(place, gray)
                tallies[name].times_ms.append((time.thread_time() - started_s) * 1000)
                if faces is not None:
                    tallies[name].judge(boxes, faces * scale)
    return [tally.row(title, name) for name, tally in tallies.items() if tally.times_ms]


def labelled_width_px(video: Path) -> float:
    """Return the width that the video was labelled at."""
    reader = cv2.VideoCapture(str(video))
    width_px = reader.get(cv2.CAP_PROP_FRAME_WIDTH)
    reader.release()
    return width_px


def print_table(rows: list[Row]) -> None:
    """Print one line a row, on standard output."""
    print(
        f"{'videos':<24}{'search':<9}{'faces':>6}{'recall':>8}{'false/frame':>13}"
        f"{'median ms':>11}{'mean ms':>9}{'worst ms':>10}"
    )
    for row in rows:
        print(
            f"{row.videos:<24}{row.search:<9}{row.labelled_faces:>6}{_share(row.recall):>8}"
            f"{_share(row.false_faces_a_frame):>13}{row.median_ms:>11.1f}{row.mean_ms:>9.1f}"
            f"{row.worst_ms:>10.1f}"
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--videos", type=Path, required=True, help="directory with faces.csv")
    parser.add_argument("--json", type=Path, help="write the table here too")


def run(options: argparse.Namespace) -> None:
    """Measure the clips, and the two animations apart."""
    cv2.setNumThreads(1)
    settings = DetectorConfig()
    labels = read_labels(options.videos / "faces.csv")
    clips = [options.videos / name for name in sorted(labels) if not name.endswith(".gif")]
    rows = measure_group(f"{len(clips)} clips", clips, labels, None, settings)
    for name in sorted(labels):
        if name.endswith(".gif"):
            width_px = CLASSROOM_WIDTH_PX if name == CLASSROOM else None
            title = name[:20] if width_px is None else f"{name} at {width_px}"
            rows += measure_group(title, [options.videos / name], labels, width_px, settings)
    print(f"settings: {settings}; OpenCV {cv2.__version__}, one thread")
    print_table(rows)
    if options.json is not None:
        report = {"settings": asdict(settings), "rows": [asdict(row) for row in rows]}
        write_json(options.json, report)


main = Command("benchmarks.detection", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
