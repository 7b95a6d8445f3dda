from __future__ import annotations

import json
from itertools import cycle, groupby
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.label_switches import (
    HELD_FPS,
    Row,
    Seen,
    a_minute,
    follow,
    hold_first_frame,
    main,
    read_video,
    row_of_track,
    sum_up,
)
from common.face_model import LABELS, Crops, Probabilities
from common.pixels import Bgr, Gray
from publisher.tracking.smoothing import UNCERTAIN
from publisher.tracking.tracks import SHOWN_FROM
from tests.support.scenes import frame_with_face

HAPPY, NEUTRAL = LABELS.index("happy"), LABELS.index("neutral")


def in_colour(gray: Gray) -> Bgr:
    return np.repeat(gray[:, :, None], 3, axis=2)


class AlternatingBackend:
    """Says one label after the other, each with the same probability."""

    def __init__(self, labels: tuple[int, ...], probability: float = 0.8) -> None:
        self._labels = cycle(labels)
        self._probability = probability

    def classify(self, crops: Crops) -> Probabilities:
        rest = (1 - self._probability) / 6
        probabilities = np.full((len(crops), len(LABELS)), rest, np.float32)
        for row in probabilities:
            row[next(self._labels)] = self._probability
        return probabilities


def test_switches_are_counted_from_frame_to_frame() -> None:
    labels = [("happy", "sad"), ("sad", "sad"), ("sad", "sad"), ("happy", "happy")]
    seen = [Seen(place / 2, raw, shown) for place, (raw, shown) in enumerate(labels)]
    row = row_of_track("a.mkv", 3, seen)
    assert row == Row("a.mkv", "3", 1.5, 2, 1, "sad")


def test_a_face_seen_once_has_no_rate() -> None:
    row = row_of_track("a.mkv", 1, [Seen(2.0, "happy", "happy")])
    assert (row.raw_switches, row.shown_switches) == (0, 0)
    assert a_minute(0, row.seconds) == "-"
    assert a_minute(3, 30.0) == "6.0"


def test_tracks_add_up() -> None:
    rows = [Row("a", "1", 2.0, 4, 1, "sad"), Row("b", "1", 3.0, 1, 0, "happy")]
    assert sum_up("all", rows) == Row("all", "", 5.0, 5, 1, "")


def test_what_flickers_in_single_frames_is_shown_steadily() -> None:
    frames = ((place / 30, in_colour(frame_with_face(300, 200))) for place in range(30))
    tracks = follow(frames, AlternatingBackend((HAPPY, NEUTRAL)))
    (seen,) = tracks.values()
    row = row_of_track("still", 1, seen)
    assert row.raw_switches == len(seen) - 1 == 30 - SHOWN_FROM
    assert row.shown_switches == 0


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(0.8, ["happy", "neutral"]), (0.6, ["happy", UNCERTAIN, "neutral"])],
)
def test_a_lasting_change_is_shown_once_or_by_way_of_uncertain(
    probability: float, expected: list[str]
) -> None:
    frames = ((place / 30, in_colour(frame_with_face(300, 200))) for place in range(60))
    backend = AlternatingBackend((HAPPY,) * 30 + (NEUTRAL,) * 30, probability)
    tracks = follow(frames, backend)
    (seen,) = tracks.values()
    shown = [label for label, _ in groupby(each.shown for each in seen)]
    assert shown == expected
    row = row_of_track("still", 1, seen)
    assert (row.raw_switches, row.shown_switches) == (1, len(expected) - 1)


def write_clip(path: Path, frames: int) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (640, 480))
    for _ in range(frames):
        writer.write(cv2.cvtColor(frame_with_face(300, 200), cv2.COLOR_GRAY2BGR))
    writer.release()


def test_frames_come_at_the_times_of_the_video(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.avi", 4)
    times = [at_s for at_s, _ in read_video(tmp_path / "clip.avi")]
    assert times == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_a_held_frame_differs_only_by_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.label_switches.HELD_S", 0.2)
    write_clip(tmp_path / "clip.avi", 2)
    held = hold_first_frame(tmp_path / "clip.avi")
    (_, first), (second_s, second) = next(held), next(held)
    assert second_s == pytest.approx(1 / HELD_FPS)
    difference = first.astype(int) - second
    assert 0 < np.abs(difference).mean() < 5
    assert 2 + sum(1 for _ in held) == 0.2 * HELD_FPS


def test_the_command_prints_a_line_for_every_track_and_their_sum(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.label_switches.HELD_S", 0.2)
    write_clip(tmp_path / "clip.avi", 5)
    assert main(["--videos", str(tmp_path), "--json", str(tmp_path / "out.json")]) == 0
    report = json.loads((tmp_path / "out.json").read_text())
    assert [row["seconds"] for row in report["videos"]] == pytest.approx([0.1 * (5 - SHOWN_FROM)])
    assert report["held"][0]["label"] in LABELS
    table = capsys.readouterr().out
    assert table.count("| clip.avi | 1 |") == 2
    assert table.count("| all |") == 2


def test_a_directory_without_videos_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--videos", str(tmp_path)]) == 2
    assert "expected a directory of videos" in capsys.readouterr().err
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    assert main(["--videos", str(tmp_path)]) == 2
    assert "is not a video" in capsys.readouterr().err
