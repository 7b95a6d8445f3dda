from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.timed_loop import time_loop
from tests.support.media import write_mjpeg_avi


def test_only_some_frames_are_done_and_each_is_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write_mjpeg_avi(tmp_path / "video.avi", 10)
    time_loop(str(video), 4, lambda bgr: bgr.shape[2])
    timed = json.loads(capsys.readouterr().out)
    assert len(timed["frames_s"]) == len(timed["frames_cpu_s"]) == 3  # frames 0, 4 and 8
    assert timed["faces"] == 9
    assert timed["began_at_s"] > 0


def test_what_holds_no_frame_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.avi"
    empty.touch()
    with pytest.raises(ValueError, match="no frame"):
        time_loop(str(empty), 1, lambda _: 0)
