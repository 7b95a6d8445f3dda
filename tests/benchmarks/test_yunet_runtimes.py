from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from benchmarks.yunet_runtimes import main
from tests.support.scenes import colour_scene

LABELS = """video,frame,x,y,w,h,score
one.avi,0,275,180,90,120,1
two.avi,0,275,180,90,120,1
"""


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Return a directory with two clips of a frame each, which shows a face."""
    for name in ("one.avi", "two.avi"):
        writer = cv2.VideoWriter(
            str(tmp_path / name), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (640, 480)
        )
        writer.write(colour_scene())
        writer.release()
    (tmp_path / "faces.csv").write_text(LABELS)
    return tmp_path


def test_every_runtime_finds_the_face_of_the_clip_held_out(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows.json"
    assert main(["--videos", str(videos), "--rounds", "1", "--json", str(out)]) == 0
    rows = json.loads(out.read_text())
    assert [row["runtime"] for row in rows] == [
        "FaceDetectorYN",
        "ONNX Runtime",
        "ONNX Runtime, 8 bits",
    ]
    assert all(row["recall"] == 1.0 and row["frame_ms"] > 0 for row in rows)
    assert [row["false_faces_a_frame"] for row in rows[:2]] == [0.0, 0.0]
    table = capsys.readouterr().out
    assert all(f"| {row['runtime']} |" in table for row in rows)
