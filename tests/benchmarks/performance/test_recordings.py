from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.labelled_videos import read_frames
from benchmarks.performance.recordings import (
    CODE_BITS,
    Recordings,
    count_frames,
    find_clips,
    read_number,
)
from benchmarks.searches import classic_search
from common.errors import ConfigError
from tests.support.media import DEMO, cut_demo

FRAMES = 12


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    folder = tmp_path_factory.mktemp("recordings")
    clips = [cut_demo(folder / f"clip{first}.avi", first, FRAMES) for first in (0, 300)]
    return Recordings(clips, folder)


def size_of(video: Path) -> tuple[int, int]:
    height, width = next(read_frames(video)).shape[:2]
    return width, height


def faces_in(video: Path) -> int:
    gray = cv2.cvtColor(next(read_frames(video)), cv2.COLOR_BGR2GRAY)
    return len(classic_search(np.asarray(gray, np.uint8)))


def test_the_main_recording_has_all_clips_so_many_times_over(recordings: Recordings) -> None:
    video = recordings.one_face(3)
    assert count_frames(video) == len(list(read_frames(video))) == 3 * 2 * FRAMES
    assert size_of(video) == (640, 480)


def test_a_recording_is_made_once(recordings: Recordings) -> None:
    first = recordings.one_face(1)
    made_at = first.stat().st_mtime_ns
    assert recordings.one_face(1).stat().st_mtime_ns == made_at


def write_square(file: Path) -> Path:
    """Write one frame of 640x480 with a white square."""
    bgr = np.zeros((480, 640, 3), np.uint8)
    bgr[100:200, 270:370] = 255
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 30, (640, 480))
    writer.write(bgr)
    writer.release()
    return file


@pytest.mark.parametrize(("size", "side"), [((640, 480), 100), ((1920, 1080), 300)])
def test_frames_are_cut_to_a_shape_and_not_squeezed(
    size: tuple[int, int], side: int, tmp_path: Path
) -> None:
    recordings = Recordings([write_square(tmp_path / "square.avi")], tmp_path)
    video = recordings.scaled(size, 5)
    assert size_of(video) == size
    assert count_frames(video) == 5  # more than the clip has: it is played again
    bright = next(read_frames(video))[..., 1] > 127
    assert bright.any(axis=0).sum() == pytest.approx(side, abs=4)
    assert bright.any(axis=1).sum() == pytest.approx(side, abs=4)


@pytest.mark.parametrize("faces", [0, 1, 4])
def test_so_many_tiles_show_a_face(recordings: Recordings, faces: int) -> None:
    video = recordings.tiled((640, 480), (2, 2), faces, 3)
    assert size_of(video) == (640, 480)
    assert faces_in(video) == faces


def test_frames_tell_their_number_after_compression(recordings: Recordings) -> None:
    video = recordings.numbered(40)
    numbers = [read_number(bgr) for bgr in read_frames(video)]
    assert numbers == list(range(40))


def test_every_number_can_be_told() -> None:
    blank = np.zeros((480, 640, 3), np.uint8)
    assert read_number(blank) == 0
    assert read_number(blank + np.uint8(255)) == 2**CODE_BITS - 1


def test_clips_are_those_of_the_directory_or_the_bundled_one(tmp_path: Path) -> None:
    assert find_clips(None) == [DEMO]
    for name in ("b.mkv", "a.mp4", "c.gif", "faces.csv"):
        (tmp_path / name).touch()
    assert [path.name for path in find_clips(tmp_path)] == ["a.mp4", "b.mkv"]


def test_a_directory_without_clips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a directory of videos"):
        find_clips(tmp_path)


def test_a_clip_without_a_face_is_refused(tmp_path: Path) -> None:
    blank = tmp_path / "blank.avi"
    writer = cv2.VideoWriter(str(blank), cv2.VideoWriter.fourcc(*"MJPG"), 30, (640, 480))
    writer.write(np.zeros((480, 640, 3), np.uint8))
    writer.release()
    with pytest.raises(ConfigError, match="no face was found"):
        Recordings([blank], tmp_path).tiled((640, 480), (2, 2), 1, 1)


def test_tiles_go_on_with_their_clips(recordings: Recordings) -> None:
    first, second = islice(read_frames(recordings.tiled((320, 240), (1, 1), 1, 2)), 2)
    assert (first != second).any()
