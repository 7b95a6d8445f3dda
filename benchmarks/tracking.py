"""What following faces through the frames gives, and what it costs.

    python -m benchmarks.tracking --videos DIRECTORY [--json FILE]

The directory is one of ``benchmarks.labelled_videos``. Every frame goes through a search and the
publisher's tracks. A false face is a track of which no box in a labelled frame is one of the
labelled faces; *found* counts all tracks, *shown* those that the page shows. Recall is over the
labelled faces; *tracks* are those shown, and a perfect tracker needs one a person. *live* is the
search of live cameras, *classic* the cascade of the well-known scripts at scale 1.3 with 5
neighbours. The cost is CPU time of one update, all faces of a frame together.
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

from benchmarks.labelled_videos import MATCH_IOU, read_labelled, read_labels
from benchmarks.overlaps import overlaps
from benchmarks.searches import Search, classic_search, gray_of
from common.command import Command
from common.face_model import LABELS, Boxes
from common.json_files import write_json
from common.pixels import Bgr
from common.progress_bar import progress_bar
from detector.seen_face import boxes_of
from publisher.faces import Face, rounded
from publisher.tracking.tracks import Sighting, Tracker

FPS = 30.0
SEARCHES = ("live", "classic")


@dataclass(frozen=True, slots=True)
class Row:
    """One video and search.

    Attributes:
        video: Its name.
        search: Name of the search.
        seconds: Its length, at 30 frames a second.
        labelled: Labelled faces, over all labelled frames.
        recall_found: Share of them that a box of any track matches.
        recall_shown: Share that a box of a track that is shown matches.
        false_found: Tracks that are no face.
        false_shown: Those of them that are shown.
        tracks: Tracks shown.
        median_ms: CPU time of following one frame's faces.
        worst_ms: The longest.
    """

    video: str
    search: str
    seconds: float
    labelled: int
    recall_found: float
    recall_shown: float
    false_found: int
    false_shown: int
    tracks: int
    median_ms: float
    worst_ms: float


class Judge:
    """Follows the boxes of one search through one video, and counts."""

    def __init__(self) -> None:
        self._tracker = Tracker()
        self._judged: set[int] = set()
        self._right: set[int] = set()
        self._shown: set[int] = set()
        self._matches = {"found": 0, "shown": 0}
        self._labelled = 0
        self._frames = 0
        self._times_ms: list[float] = []

    def take(self, boxes: Boxes, labelled: NDArray[np.float64] | None) -> None:
        """Take in a frame's ``(n, 4)`` boxes and, where it is labelled, its ``(m, 4)`` faces."""
        unsure = (rounded(1 / len(LABELS)),) * len(LABELS)
        found = tuple((x, y, w, h) for x, y, w, h in boxes.tolist())
        seen = Sighting(rounded(self._frames / FPS), found, (unsure,) * len(found))
        started_s = time.thread_time()
        faces = self._tracker.update(seen)
        self._times_ms.append((time.thread_time() - started_s) * 1000)
        self._frames += 1
        self._shown |= {face.track_id for face in faces if face.shown}
        if labelled is not None:
            self._labelled += len(labelled)
            self._judge(faces, labelled)

    def _judge(self, faces: Sequence[Face], labelled: NDArray[np.float64]) -> None:
        self._judged |= {face.track_id for face in faces}
        if not faces or not len(labelled):
            return
        shared = overlaps(np.array([face.box for face in faces], np.float64), labelled) > MATCH_IOU
        self._right |= {face.track_id for face, row in zip(faces, shared, strict=True) if row.any()}
        self._matches["found"] += int(shared.any(axis=0).sum())
        shown = [face.shown for face in faces]
        self._matches["shown"] += int(shared[shown].any(axis=0).sum())

    def row(self, video: str, search: str) -> Row:
        """Return the counts."""
        false = self._judged - self._right
        return Row(
            video,
            search,
            self._frames / FPS,
            self._labelled,
            self._matches["found"] / max(1, self._labelled),
            self._matches["shown"] / max(1, self._labelled),
            len(false),
            len(false & self._shown),
            len(self._shown),
            statistics.median(self._times_ms),
            max(self._times_ms),
        )


def measure(video: Path, labels: dict[int, NDArray[np.float64]]) -> list[Row]:
    """Follow the faces of one video with each search."""
    live = Search(live=True)
    by_name: dict[str, Callable[[Bgr], Boxes]] = {
        "live": lambda bgr: boxes_of(live.search(bgr)),
        "classic": lambda bgr: classic_search(gray_of(bgr)),
    }
    judges = {name: Judge() for name in by_name}
    for bgr, faces in read_labelled(video, labels):
        for name, judge in judges.items():
            judge.take(by_name[name](bgr), faces)
    return [judge.row(video.name, name) for name, judge in judges.items()]


def print_table(rows: Sequence[Row]) -> None:
    """Print one line a video and search, and the sums, in Markdown."""
    print(
        "| video | search | seconds | faces | recall found | shown | false faces a minute, found "
        "| shown | tracks | median ms | worst ms |\n|" + "---|" * 11
    )
    for row in rows:
        print(_line(row))
    for search in SEARCHES:
        print(_line(_sum_up([row for row in rows if row.search == search])))


def _line(row: Row) -> str:
    found, shown = (60 * count / row.seconds for count in (row.false_found, row.false_shown))
    return (
        f"| {row.video} | {row.search} | {row.seconds:.1f} | {row.labelled} "
        f"| {row.recall_found:.3f} | {row.recall_shown:.3f} | {found:.1f} ({row.false_found}) "
        f"| {shown:.1f} ({row.false_shown}) | {row.tracks} | {row.median_ms:.3f} "
        f"| {row.worst_ms:.3f} |"
    )


def _sum_up(rows: Sequence[Row]) -> Row:
    labelled = sum(row.labelled for row in rows)
    return Row(
        "all",
        rows[0].search,
        sum(row.seconds for row in rows),
        labelled,
        sum(row.recall_found * row.labelled for row in rows) / max(1, labelled),
        sum(row.recall_shown * row.labelled for row in rows) / max(1, labelled),
        sum(row.false_found for row in rows),
        sum(row.false_shown for row in rows),
        sum(row.tracks for row in rows),
        statistics.median(row.median_ms for row in rows),
        max(row.worst_ms for row in rows),
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--videos", type=Path, required=True, help="directory with faces.csv")
    parser.add_argument("--json", type=Path, help="write the table here too")


def run(options: argparse.Namespace) -> None:
    """Measure all videos."""
    cv2.setNumThreads(1)
    labels = read_labels(options.videos)
    rows: list[Row] = []
    for name in progress_bar(sorted(labels), "following", "video"):
        rows += measure(options.videos / name, labels[name])
    print_table(rows)
    if options.json is not None:
        write_json(options.json, [asdict(row) for row in rows])


main = Command("benchmarks.tracking", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
