from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import detection, tracking
from common.command import Command
from tests.support import media

BOTH = pytest.mark.parametrize("main", [detection.main, tracking.main])


def write_labels(videos: Path) -> None:
    (videos / "faces.csv").write_text("video,frame,x,y,w,h,score\nempty.mp4,0,,,,,\n")


@BOTH
def test_a_video_without_a_labelled_face_is_measured_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], main: Command
) -> None:
    media.write_h264(tmp_path / "empty.mp4", range(0, 120, 40))
    write_labels(tmp_path)
    assert main(["--videos", str(tmp_path)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    if main is detection.main:
        assert len(rows) == 3 * len(
            ["haar runs", "haar live", "yunet runs", "yunet live", "classic"]
        )
        assert {tuple(row[-6:-4]) for row in rows} == {("0", "-")}
    else:
        assert [(row[1], row[3]) for row in rows] == [
            (video, search) for video in ("empty.mp4", "all") for search in ("live", "classic")
        ]


@BOTH
def test_a_video_that_is_missing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], main: Command
) -> None:
    write_labels(tmp_path)
    assert main(["--videos", str(tmp_path)]) == 2
    assert "empty.mp4 is not a video that OpenCV can read" in capsys.readouterr().err
