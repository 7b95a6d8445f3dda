"""Tests of capture.recording_feed."""

from __future__ import annotations

import math
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from capture.recording_feed import RecordingFeed
from capture.sources.images import ImageFolder
from capture.sources.source import CapturedFrame
from capture.sources.video_file import VideoFile
from common.errors import SourceError
from tests.support import media
from tests.support.clock import Clock


def play(feed: RecordingFeed, frames: int, clock: Clock) -> list[tuple[float, CapturedFrame]]:
    """Wait for frames and take them, each with the seconds since the first."""
    taken: list[tuple[float, CapturedFrame]] = []
    while len(taken) < frames and not feed.ended:
        frame = feed.take()
        if frame is not None:
            taken.append((clock.now_s, frame))
        else:
            clock.now_s += feed.wait_s()
    return [(at - taken[0][0], frame) for at, frame in taken]


def times_of(taken: list[tuple[float, CapturedFrame]]) -> list[float]:
    return [at for at, _ in taken]


def test_a_paced_file_plays_at_the_rate_of_its_container(tmp_path: Path, clock: Clock) -> None:
    times = [0, 50, 250, 300, 600]
    feed = RecordingFeed(
        VideoFile(media.write_h264(tmp_path / "v.mp4", times)), paced=True, loops=False
    )
    feed.start()
    taken = play(feed, 5, clock)
    assert feed.ended
    assert times_of(taken) == pytest.approx([ms / 1000 for ms in times])
    assert [frame.pts_s for _, frame in taken] == pytest.approx([ms / 1000 for ms in times])
    feed.close()


def test_a_loop_restarts_the_times_and_keeps_the_pace(tmp_path: Path, clock: Clock) -> None:
    feed = RecordingFeed(
        VideoFile(media.write_h264(tmp_path / "v.mp4", [0, 100, 200])), paced=True, loops=True
    )
    feed.start()
    taken = play(feed, 7, clock)
    assert not feed.ended
    assert [frame.pts_s for _, frame in taken] == pytest.approx([0, 0.1, 0.2, 0, 0.1, 0.2, 0])
    assert times_of(taken) == pytest.approx([index / 10 for index in range(7)])


def test_before_the_start_nothing_is_taken_and_no_time_passes(tmp_path: Path) -> None:
    path = media.write_h264(tmp_path / "v.mp4", [0, 50])
    feed = RecordingFeed(VideoFile(path), paced=True, loops=False)
    assert feed.wait_s() == math.inf
    assert feed.take() is None
    feed.start()
    assert feed.wait_s() == 0.0
    assert feed.take() is not None


def test_unpaced_frames_come_at_once_and_some_can_be_skipped(tmp_path: Path, clock: Clock) -> None:
    path = media.write_h264(tmp_path / "v.mp4", range(0, 20_000, 1000))
    feed = RecordingFeed(VideoFile(path), paced=False, loops=False)
    feed.start()
    feed.skip(7)
    taken = play(feed, 100, clock)
    assert [frame.pts_s for _, frame in taken] == [float(i) for i in range(7, 20)]
    assert times_of(taken) == [0.0] * 13


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
    with pytest.raises(SourceError, match="none of which can be decoded"):
        RecordingFeed(ImageFolder(folder), paced=False, loops=False)


def test_a_recording_whose_frames_become_unreadable_ends_there(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = VideoFile(media.write_h264(tmp_path / "v.mp4", [0, 10, 20]))
    feed = RecordingFeed(recording, paced=True, loops=False)
    decoded = Mock(return_value=np.zeros((4, 4, 2), np.uint16))
    monkeypatch.setattr(recording, "_read_decodable", decoded)
    feed.start()
    assert len(play(feed, 100, clock)) == 1
    assert feed.ended
    feed.close()


def test_a_looping_file_that_is_deleted_ends(tmp_path: Path, clock: Clock) -> None:
    path = media.write_h264(tmp_path / "v.mp4", [0, 10, 20])
    feed = RecordingFeed(VideoFile(path), paced=True, loops=True)
    path.unlink()
    feed.start()
    assert len(play(feed, 100, clock)) == 3
    assert feed.ended
