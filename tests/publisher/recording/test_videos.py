"""Which camera is recorded to which file."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.recording.videos import CameraVideos, title_of
from tests.publisher.recording.films import kept, watch


def record(path: Path, *, restarted: bool = False, cameras: tuple[str, ...] = ("cam",)) -> None:
    files = CameraVideos(path, 0.0 if restarted else None)
    for number in range(4):
        for camera in cameras:
            files.write_picture(kept(number, number / 25, camera))
    files.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_further_camera_has_a_file_of_its_own(tmp_path: Path) -> None:
    record(tmp_path / "out.mp4", cameras=("hall", "front/door", "front door", "../etc"))
    assert names(tmp_path) == [
        "out-_etc-b72f816b.mp4",
        "out-front door.mp4",
        "out-front_door-252c9058.mp4",
        "out.mp4",
    ]
    titles = {title_of(path) for path in tmp_path.iterdir()}
    assert titles == {"hall", "front/door", "front door", "../etc"}


def test_a_new_size_begins_a_new_part(tmp_path: Path) -> None:
    files = CameraVideos(tmp_path / "out.mp4", None)
    for number, size in enumerate([(120, 160), (120, 160), (90, 120), (120, 160)]):
        files.write_picture(kept(number, number / 25, size=size))
    files.close()
    found = {name: watch(tmp_path / name) for name in names(tmp_path)}
    assert [found[name].size for name in ("out.mp4", "out.part2.mp4", "out.part3.mp4")] == [
        (120, 160),
        (90, 120),
        (120, 160),
    ]
    assert found["out.part2.mp4"].times_s == pytest.approx([0.08])


def test_a_source_that_begins_again_goes_on_in_time(tmp_path: Path) -> None:
    files = CameraVideos(tmp_path / "out.mp4", None)
    for number in range(30):
        files.write_picture(kept(number, (number % 10) / 25))
    files.close()
    expected = [number / 25 for number in range(30)]
    assert watch(tmp_path / "out.mp4").times_s == pytest.approx(expected, abs=0.001)


def test_a_video_of_an_earlier_run_is_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_text("precious")
    record(tmp_path / "out.mp4")
    assert (tmp_path / "out.1.mp4").read_text() == "precious"
    assert len(watch(tmp_path / "out.mp4").times_s) == 4


def test_after_a_restart_each_camera_goes_on_in_a_next_part(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    record(path, cameras=("hall", "door"))
    before = path.read_bytes()
    record(path, restarted=True, cameras=("door", "hall"))
    assert path.read_bytes() == before
    assert names(tmp_path) == ["out-door.mp4", "out-door.part2.mp4", "out.mp4", "out.part2.mp4"]
    assert title_of(tmp_path / "out.part2.mp4") == "hall"
