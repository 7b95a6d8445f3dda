"""A folder with one image a frame."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from publisher.recording.images import ImageFiles
from publisher.recording.sink import NotWrittenError
from tests.publisher.full_disk import largest_file
from tests.publisher.recording.films import kept


def test_each_frame_is_an_image_named_after_it(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    images = ImageFiles(folder, 90, None)
    for number in (0, 7):
        images.write_picture(kept(number, number / 1, "my photos"))
    for camera in ("a/b", "a:b"):
        images.write_picture(kept(0, 0.0, camera))
    images.close()
    assert sorted(path.name for path in folder.iterdir()) == [
        "a_b-bdd2370f-000000.jpg",
        "a_b-d43e2ba3-000000.jpg",
        "my photos-000000.jpg",
        "my photos-000007.jpg",
    ]
    decoded = cv2.imread(str(folder / "my photos-000007.jpg"))
    assert decoded is not None
    assert decoded.shape == (120, 160, 3)
    assert abs(int(decoded[60, 80, 0]) - 41) < 3


def test_an_image_of_an_earlier_run_is_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "cam-000000.jpg").write_text("precious")
    ImageFiles(tmp_path, 90, None).write_picture(kept(0, 0.0))
    assert (tmp_path / "cam-000000.1.jpg").read_text() == "precious"
    assert (tmp_path / "cam-000000.jpg").read_bytes().startswith(b"\xff\xd8")


def test_a_frame_that_comes_again_after_a_restart_has_one_image(tmp_path: Path) -> None:
    ImageFiles(tmp_path, 90, None).write_picture(kept(0, 0.0))
    ImageFiles(tmp_path, 90, 0.0).write_picture(kept(0, 0.0))
    assert [path.name for path in tmp_path.iterdir()] == ["cam-000000.jpg"]


def test_a_full_disk_leaves_no_half_image(tmp_path: Path) -> None:
    images = ImageFiles(tmp_path, 90, None)
    with largest_file(200), pytest.raises(NotWrittenError, match=r"cam-000003\.jpg cannot be"):
        images.write_picture(kept(3, 0.0))
    assert list(tmp_path.iterdir()) == []
