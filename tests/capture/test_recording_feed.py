"""Tests of capture.recording_feed."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from capture.recording_feed import RecordingFeed
from capture.sources.images import ImageFolder
from capture.sources.source import CapturedFrame
from capture.sources.video_file import VideoFile
from common.errors import SourceError
from tests.capture import media


def play(feed: RecordingFeed, frames: int) -> list[tuple[float, CapturedFrame]]:
    """Take frames as they become due, with the seconds since the first."""
    taken: list[tuple[float, CapturedFrame]] = []
    while len(taken) < frames and not feed.ended:
        frame = feed.take()
        if frame is not None:
            taken.append((time.monotonic(), frame))
        else:
            time.sleep(min(feed.wait_s(), 0.005))
    return [(at - taken[0][0], frame) for at, frame in taken]


def assert_on_time(taken: list[tuple[float, CapturedFrame]], due_s: list[float]) -> None:
    """Never early; late only by what a busy machine may cost."""
    late = [at - due for (at, _), due in zip(taken, due_s, strict=True)]
    assert min(late) > -0.1
    assert max(late) < 0.25


def test_a_paced_file_plays_at_the_rate_of_its_container(tmp_path: Path) -> None:
    times = [0, 50, 250, 300, 600]
    feed = RecordingFeed(
        VideoFile(media.write_h264(tmp_path / "v.mp4", times)), paced=True, loops=False
    )
    feed.start()
    taken = play(feed, 5)
    assert feed.ended
    assert_on_time(taken, [ms / 1000 for ms in times])
    assert [frame.pts_s for _, frame in taken] == pytest.approx([ms / 1000 for ms in times])
    feed.close()


def test_a_loop_restarts_the_times_and_keeps_the_pace(tmp_path: Path) -> None:
    feed = RecordingFeed(
        VideoFile(media.write_h264(tmp_path / "v.mp4", [0, 100, 200])), paced=True, loops=True
    )
    feed.start()
    taken = play(feed, 7)
    assert not feed.ended
    assert [frame.pts_s for _, frame in taken] == pytest.approx([0, 0.1, 0.2, 0, 0.1, 0.2, 0])
    assert_on_time(taken, [index / 10 for index in range(7)])


def test_before_the_start_nothing_is_taken_and_no_time_passes(tmp_path: Path) -> None:
    path = media.write_h264(tmp_path / "v.mp4", [0, 50])
    feed = RecordingFeed(VideoFile(path), paced=True, loops=False)
    assert feed.wait_s() == math.inf
    assert feed.take() is None
    feed.start()
    assert feed.wait_s() == 0.0
    assert feed.take() is not None


def test_unpaced_frames_come_at_once_and_some_can_be_skipped(tmp_path: Path) -> None:
    path = media.write_h264(tmp_path / "v.mp4", range(0, 20_000, 1000))
    feed = RecordingFeed(VideoFile(path), paced=False, loops=False)
    feed.start()
    feed.skip(7)
    taken = play(feed, 100)
    assert [frame.pts_s for _, frame in taken] == [float(i) for i in range(7, 20)]
    assert taken[-1][0] < 2.0


def test_skipping_past_the_end_ends(tmp_path: Path) -> None:
    feed = RecordingFeed(VideoFile(media.write_h264(tmp_path / "v.mp4")), paced=False, loops=False)
    feed.start()
    feed.skip(1000)
    while not feed.ended:
        assert feed.take() is None


def test_a_recording_without_a_frame_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"broken")
    with pytest.raises(SourceError, match="no picture"):
        RecordingFeed(ImageFolder(folder), paced=False, loops=False)


def test_a_looping_file_that_is_deleted_ends(tmp_path: Path) -> None:
    path = media.write_h264(tmp_path / "v.mp4", [0, 10, 20])
    feed = RecordingFeed(VideoFile(path), paced=True, loops=True)
    path.unlink()
    feed.start()
    assert len(play(feed, 100)) == 3
    assert feed.ended
