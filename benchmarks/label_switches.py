"""How often the label of a face changes: as the network sees single frames, and as it is shown.

    python -m benchmarks.label_switches --videos DIR [--model FILE] [--json FILE]

Every video of the directory goes through the live search of the detector stage, its crops, the
classifier's backend and the publisher's tracks and smoothing, each frame at its own time. *raw* is
the most probable label of each frame, *shown* the label on the page, "uncertain" included, from
when the face is shown. Then the first frame of each video is held for ten seconds with the noise
and the compression of a webcam: these faces are still, so every switch is flicker.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from benchmarks.composed_faces import SEED, as_webcam_sees
from benchmarks.searches import Search, gray_of
from capture.sources.video_file import VideoFile
from classifier.backend import Backend
from classifier.backends import choose_backend, load_backend
from common.command import Command
from common.contract import Mode
from common.errors import ConfigError, SourceError
from common.face_model import LABELS
from common.json_files import write_json
from common.messages import Frame, Result
from common.pixels import Gray
from common.progress_bar import progress_bar
from detector.seen_face import boxes_of
from publisher.tracking.following import Following

VIDEO_SUFFIXES = {".avi", ".gif", ".mkv", ".mov", ".mp4", ".webm"}
HELD_S, HELD_FPS = 10.0, 30

TimedFrame = tuple[float, Gray]
"""Seconds since the video's beginning, and ``(height, width) uint8``."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One face in one frame: when, the frame's own label, the label shown."""

    at_s: float
    raw: str
    shown: str


@dataclass(frozen=True, slots=True)
class Row:
    """One track, or the sum of several.

    Attributes:
        source: The video.
        track: Number of the track in it; empty for a sum.
        seconds: Time from its first frame to its last.
        raw_switches: Number of times that the label of single frames changed.
        shown_switches: Number of times that the label shown changed.
        label: The label that was shown in most frames; empty for a sum.
    """

    source: str
    track: str
    seconds: float
    raw_switches: int
    shown_switches: int
    label: str


def read_video(path: Path) -> Iterator[TimedFrame]:
    """Yield the frames of a video at their times.

    Raises:
        SourceError: It cannot be read.
    """
    video = VideoFile(path)
    try:
        while (frame := video.read()) is not None:
            yield frame.pts_s, frame.bgr
    finally:
        video.close()


def hold_first_frame(path: Path) -> Iterator[TimedFrame]:
    """Yield the first frame of a video again and again, each time with noise of its own.

    Raises:
        SourceError: It cannot be read.
    """
    first = next(read_video(path), None)
    if first is None:
        raise SourceError(f"{path} holds no frame")
    gray = gray_of(first[1])
    random = np.random.default_rng(SEED)
    for place in range(round(HELD_S * HELD_FPS)):
        yield place / HELD_FPS, as_webcam_sees(gray, random)


def follow(frames: Iterable[TimedFrame], backend: Backend) -> dict[int, list[Seen]]:
    """Take frames through detector, classifier and publisher; return each track."""
    search, following = Search(live=True), Following()
    tracks: dict[int, list[Seen]] = {}
    for frame_id, (pts_s, bgr) in enumerate(frames):
        seen = search.search(bgr)
        boxes = boxes_of(seen)
        probabilities = backend.classify(search.cut_crops(bgr, seen))
        height, width = bgr.shape[:2]
        frame = Frame("camera", frame_id, pts_s, 0, 0, height, width, ring="", slot=0)
        faces = following.follow(
            Result(frame, Mode.LIVE, False, boxes, probabilities, (False,) * len(boxes))
        )
        for face in faces or ():
            raw = LABELS[int(np.argmax(face.probabilities))]
            if face.shown and face.label is not None:
                tracks.setdefault(face.track_id, []).append(Seen(pts_s, raw, face.label))
    return tracks


def row_of_track(source: str, track: int, seen: Sequence[Seen]) -> Row:
    """Count the switches of a track; it has at least one sighting."""
    return Row(
        source,
        str(track),
        seen[-1].at_s - seen[0].at_s,
        sum(before.raw != after.raw for before, after in pairwise(seen)),
        sum(before.shown != after.shown for before, after in pairwise(seen)),
        Counter(each.shown for each in seen).most_common(1)[0][0],
    )


def sum_up(source: str, rows: Sequence[Row]) -> Row:
    """Add up tracks."""
    return Row(
        source,
        "",
        sum(row.seconds for row in rows),
        sum(row.raw_switches for row in rows),
        sum(row.shown_switches for row in rows),
        "",
    )


def a_minute(switches: int, seconds: float) -> str:
    """Return a rate as text; there is none where no time has passed."""
    return f"{60 * switches / seconds:.1f}" if seconds > 0 else "-"


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print one line a track and one for all, in Markdown."""
    print(f"\n{title}:\n")
    print("| video | track | seconds | raw, switches a minute | shown, switches a minute | label |")
    print("|---|---|---|---|---|---|")
    for row in (*rows, sum_up("all", rows)):
        print(
            f"| {row.source} | {row.track} | {row.seconds:.1f} "
            f"| {a_minute(row.raw_switches, row.seconds)} ({row.raw_switches}) "
            f"| {a_minute(row.shown_switches, row.seconds)} ({row.shown_switches}) | {row.label} |"
        )


def find_videos(directory: Path) -> list[Path]:
    """Return the videos of a directory, by name.

    Raises:
        ConfigError: There is none.
    """
    found = sorted(directory.iterdir()) if directory.is_dir() else []
    videos = [path for path in found if path.suffix.lower() in VIDEO_SUFFIXES]
    if not videos:
        endings = ", ".join(sorted(VIDEO_SUFFIXES))
        raise ConfigError(f"--videos {directory}: expected a directory of videos ({endings})")
    return videos


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--videos", type=Path, required=True, help="directory of videos")
    parser.add_argument("--model", type=Path, help="model file (default: the bundled one)")
    parser.add_argument("--json", type=Path, help="write the figures here too")


def run(options: argparse.Namespace) -> None:
    """Measure."""
    cv2.setNumThreads(1)
    as_they_are: list[Row] = []
    held: list[Row] = []
    backend = load_backend(*choose_backend("auto", options.model))
    for path in progress_bar(find_videos(options.videos), "following", "video"):
        for rows, frames in ((as_they_are, read_video), (held, hold_first_frame)):
            tracks = follow(frames(path), backend)
            rows += [row_of_track(path.name, track, tracks[track]) for track in sorted(tracks)]
    print_table("The videos as they are", as_they_are)
    print_table(f"The first frame of each, held for {HELD_S:.0f} s", held)
    if options.json is not None:
        report = {"videos": list(map(asdict, as_they_are)), "held": list(map(asdict, held))}
        write_json(options.json, report)


main = Command("benchmarks.label_switches", __doc__, add_options, run)


if __name__ == "__main__":
    sys.exit(main())
