from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.detection import main
from tests.support import media


def test_a_video_without_a_labelled_face_is_measured_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media.write_h264(tmp_path / "empty.mp4", range(0, 120, 40))
    (tmp_path / "faces.csv").write_text("video,frame,x,y,w,h,score\nempty.mp4,0,,,,,\n")
    assert main(["--videos", str(tmp_path)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[2] for row in rows] == ["runs", "live", "classic"]
    assert {(row[3], row[4]) for row in rows} == {("0", "-")}
