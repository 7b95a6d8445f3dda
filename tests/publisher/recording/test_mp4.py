"""One recorded video, read back by PyAV and by OpenCV."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from publisher.recording.mp4 import Mp4File
from publisher.recording.sink import NotWrittenError
from tests.publisher.full_disk import largest_file
from tests.publisher.recording.films import picture, times_in_opencv, watch

SEED = 5


def record(path: Path, times_s: list[float], height: int = 120, width: int = 160) -> None:
    video = Mp4File(path, height, width, "cam")
    for number, at_s in enumerate(times_s):
        video.write(picture(number, height, width), at_s)
    video.close()


def uneven(frames: int, start_s: float = 0.0) -> list[float]:
    steps = np.random.default_rng(SEED).uniform(0.008, 0.2, frames)
    return [round(start_s + float(at), 6) for at in np.cumsum(steps) - steps[0]]


@pytest.mark.parametrize("start_s", [0.0, 0.033, 47.25])
def test_the_timestamps_of_the_source_are_kept_to_a_millisecond(
    tmp_path: Path, start_s: float
) -> None:
    path = tmp_path / "out.mp4"
    times_s = uneven(90, start_s)
    record(path, times_s)
    assert watch(path).times_s == pytest.approx(times_s, abs=0.001)
    from_first = [at - times_s[0] for at in times_s]
    assert times_in_opencv(path) == pytest.approx(from_first, abs=0.001)


def test_it_is_h264_that_browsers_play_with_a_keyframe_a_second(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    record(path, [number / 25 for number in range(100)])
    film = watch(path)
    assert (film.codec, film.pixel_format, film.size) == ("h264", "yuv420p", (120, 160))
    assert film.profile in ("High", "Main")
    assert film.keyframes == 4
    assert film.title == "cam"


@pytest.mark.parametrize(
    ("size", "even"), [((121, 161), (122, 162)), ((1, 1), (2, 2)), ((3, 90), (4, 90))]
)
def test_odd_sizes_are_made_even(
    tmp_path: Path, size: tuple[int, int], even: tuple[int, int]
) -> None:
    path = tmp_path / "out.mp4"
    record(path, [0.0, 0.04, 0.08], *size)
    film = watch(path)
    assert (film.size, len(film.times_s)) == (even, 3)


def test_colours_come_back(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    bgr = np.zeros((96, 96, 3), np.uint8)
    bgr[:, :48], bgr[:, 48:] = (180, 60, 30), (40, 90, 200)
    video = Mp4File(path, 96, 96, "cam")
    video.write(bgr, 0.0)
    video.close()
    with av.open(str(path)) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="bgr24")
    for column in (20, 76):
        assert np.abs(shown[48, column].astype(int) - bgr[48, column].astype(int)).max() <= 6


def test_a_full_disk_leaves_whole_fragments(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    noise = np.random.default_rng(SEED).integers(0, 255, (120, 160, 3), np.uint8)
    video = Mp4File(path, 120, 160, "cam")

    def record_until_full() -> None:
        for number in range(10_000):
            video.write(np.roll(noise, number, axis=1), number / 25)

    with largest_file(300_000), pytest.raises(NotWrittenError, match=r"out\.mp4 cannot be written"):
        record_until_full()
    video.close()
    film = watch(path)
    assert len(film.times_s) >= 25
    assert len(film.times_s) % 25 == 0  # whole seconds
    assert path.stat().st_size <= 300_000


def test_frames_of_the_same_time_are_all_there(tmp_path: Path) -> None:
    record(tmp_path / "out.mp4", [0.0, 0.0, 0.000001, 0.04])
    assert len(watch(tmp_path / "out.mp4").times_s) == 4


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotWrittenError, match=r"gone/out\.mp4 cannot be written: No such"):
        Mp4File(tmp_path / "gone" / "out.mp4", 120, 160, "cam")


WRITER = """
import sys
from pathlib import Path
from publisher.recording.mp4 import Mp4File
from tests.publisher.recording.films import picture
video = Mp4File(Path(sys.argv[1]), 120, 160, "cam")
number = 0
while True:
    video.write(picture(number), number / 25)
    number += 1
    if number == 400:
        print("enough", flush=True)
        sys.stdin.read()
"""


def test_a_killed_process_leaves_a_video_that_plays_up_to_its_last_fragment(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"enough\n"
        writer.kill()
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(path.read_bytes())
    expected = [number / 25 for number in range(375)]  # the last second's fragment was open
    assert watch(copy).times_s == pytest.approx(expected, abs=0.001)
    assert len(times_in_opencv(copy)) == 375
