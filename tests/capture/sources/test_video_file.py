"""Tests of capture.sources.video_file, on files written for the purpose."""

from __future__ import annotations

import logging
import struct
from pathlib import Path

import numpy as np
import pytest

from capture.sources.source import CapturedFrame
from capture.sources.video_file import VideoFile
from common.errors import SourceError
from tests.support import media

SHARED_VIDEOS = Path(__file__).parents[4] / "shared" / "data" / "videos"


def read_all(video: VideoFile) -> list[CapturedFrame]:
    frames = []
    while (frame := video.read()) is not None:
        frames.append(frame)
    return frames


def times_ms(frames: list[CapturedFrame]) -> list[int]:
    return [round(frame.pts_s * 1000) for frame in frames]


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
def test_variable_frame_rates_keep_the_container_times(tmp_path: Path, name: str) -> None:
    video = VideoFile(media.write_h264(tmp_path / name))
    frames = read_all(video)
    assert times_ms(frames) == list(media.VARIABLE_MS)
    for index, frame in enumerate(frames):
        assert frame.bgr.shape == (media.HEIGHT, media.WIDTH, 3)
        assert frame.bgr.dtype == np.uint8
        assert abs(int(frame.bgr[24, 32, 1]) - media.level_of(index)) < 8
    video.close()


def test_a_gif_keeps_its_varying_delays(tmp_path: Path) -> None:
    times = [0, 100, 150, 650, 670, 870]
    assert times_ms(read_all(VideoFile(media.write_gif(tmp_path / "v.gif", times)))) == times


def test_an_avi_has_the_times_of_its_rate(tmp_path: Path) -> None:
    video = VideoFile(media.write_mjpeg_avi(tmp_path / "v.avi", 5))
    assert video.total_frames == 5
    assert times_ms(read_all(video)) == [0, 100, 200, 300, 400]


def test_a_stream_without_timestamps_gets_those_of_its_rate(tmp_path: Path) -> None:
    video = VideoFile(media.write_raw_h264(tmp_path / "v.h264", 6))
    assert video.total_frames == 0
    assert times_ms(read_all(video)) == [0, 40, 80, 120, 160, 200]


def test_only_counts_that_a_container_stores_are_believed(tmp_path: Path) -> None:
    assert VideoFile(media.write_h264(tmp_path / "v.mp4")).total_frames == 10
    assert VideoFile(media.write_h264(tmp_path / "v.mkv")).total_frames == 0
    assert VideoFile(media.write_gif(tmp_path / "v.gif", [0, 100])).total_frames == 0


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.h264"])
def test_rewind_gives_the_same_frames_again(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    raw = name.endswith("h264")
    video = VideoFile(media.write_raw_h264(path, 6) if raw else media.write_h264(path))
    first = read_all(video)
    video.rewind()
    again = read_all(video)
    assert times_ms(again) == times_ms(first)
    assert all(np.array_equal(a.bgr, b.bgr) for a, b in zip(first, again, strict=True))


def test_a_name_with_digits_is_no_image_sequence(tmp_path: Path) -> None:
    assert len(read_all(VideoFile(media.write_h264(tmp_path / "clip_%02d.mp4")))) == 10


def test_of_a_truncated_file_the_decodable_frames_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "v.mp4"
    media.write_h264(path, range(0, 4000, 40), {"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.8)])
    with caplog.at_level(logging.WARNING):
        frames = read_all(VideoFile(path))
    assert 5 <= len(frames) < 100
    assert f"v.mp4: only {len(frames)} of its 100 frames" in caplog.text


def test_a_truncated_matroska_warns_by_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = media.write_h264(tmp_path / "v.mkv", range(0, 8000, 40))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with caplog.at_level(logging.WARNING):
        frames = read_all(VideoFile(path))
    assert len(frames) > 5
    assert "v.mkv: ends at" in caplog.text


def test_corrupt_bytes_in_the_middle_do_not_end_the_video(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = media.write_mjpeg_avi(tmp_path / "v.avi", 40)
    data = bytearray(path.read_bytes())
    at = data.index(b"00dc", len(data) // 2) + 40
    data[at : at + 200] = bytes(200)
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        frames = read_all(VideoFile(path))
    assert 38 <= len(frames) < 40
    assert times_ms(frames)[-1] >= 3800
    assert "damaged in 1 places" in caplog.text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.mp4", b"this is no video\n" * 500, "not a video"),
        ("empty.mp4", b"", "is empty"),
        ("noise.mkv", bytes(range(256)) * 40, "not a video"),
    ],
)
def test_what_is_no_video_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message):
        VideoFile(path)


def test_an_mp4_without_its_index_is_refused(tmp_path: Path) -> None:
    path = media.write_h264(tmp_path / "v.mp4")
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(SourceError, match="cut short"):
        VideoFile(path)


def test_a_gif_that_claims_a_huge_canvas_is_refused_before_decoding(tmp_path: Path) -> None:
    path = media.write_gif(tmp_path / "v.gif", [0, 100])
    data = bytearray(path.read_bytes())
    data[6:10] = struct.pack("<HH", 20_000, 12_000)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="20000x12000 pixels; at most 64 million"):
        VideoFile(path)


@pytest.mark.skipif(not SHARED_VIDEOS.is_dir(), reason="the shared videos are not here")
def test_shared_matroska_files_have_growing_times() -> None:
    for path in sorted(SHARED_VIDEOS.glob("*.mkv"))[:3]:
        times = [frame.pts_s for frame in read_all(VideoFile(path))]
        assert times[0] == 0.0
        assert times == sorted(set(times))
