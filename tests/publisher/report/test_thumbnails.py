"""Faces cut out of videos."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.pixels import Bgr
from publisher.recording.mp4 import Mp4File
from publisher.recording.videos import parts_of, path_of
from publisher.report.moments import Moment
from publisher.report.thumbnails import SIDE_PX, thumbnails, thumbnails_of

BLUE, GREEN = (200, 40, 20), (30, 180, 60)
BOX = (200, 100, 60, 60)


def moment(
    at_s: float,
    pts_s: float | None = None,
    box: tuple[int, int, int, int] = BOX,
    camera: str = "cam",
) -> Moment:
    return Moment("happy", 0.9, camera, 1, at_s, at_s if pts_s is None else pts_s, box)


def bgr_at(number: int) -> Bgr:
    """Draw a green face from the 50th frame on, before that a blue one."""
    bgr = np.full((240, 320, 3), 128, np.uint8)
    x, y, w, h = BOX
    bgr[y : y + h, x : x + w] = GREEN if number >= 50 else BLUE
    return bgr


def ours(path: Path, start_s: float = 0.0, camera: str = "cam") -> Path:
    video = Mp4File(path, 240, 320, camera)
    for number in range(100):
        video.write(bgr_at(number), start_s + number / 25)
    video.close()
    return path


def foreign(path: Path) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    for number in range(100):
        writer.write(bgr_at(number))
    writer.release()
    return path


def middle(url: str) -> tuple[int, ...]:
    head, _, data = url.partition(",")
    assert head == "data:image/jpeg;base64"
    face = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert face is not None
    assert face.shape == (SIDE_PX, SIDE_PX, 3)
    return tuple(int(value) for value in face[SIDE_PX // 2, SIDE_PX // 2])


def is_near(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) < 20


@pytest.mark.parametrize("start_s", [0.0, 30.0])
def test_the_face_of_the_very_frame_is_cut_out(tmp_path: Path, start_s: float) -> None:
    video = ours(tmp_path / "a.mp4", start_s)
    wanted = [moment(start_s + 50 / 25), moment(start_s + 49 / 25)]
    found = dict(thumbnails(video, wanted))
    assert is_near(middle(found[wanted[0]]), GREEN)
    assert is_near(middle(found[wanted[1]]), BLUE)


def test_in_the_source_itself_its_own_timestamps_count(tmp_path: Path) -> None:
    video = foreign(tmp_path / "source.avi")
    in_second_round = moment(6.0, 50 / 25)
    ((_, url),) = thumbnails(video, [in_second_round])
    assert is_near(middle(url), GREEN)


def test_what_is_not_in_the_video_has_no_picture(tmp_path: Path) -> None:
    video = ours(tmp_path / "a.mp4")
    late, outside = moment(99.0), moment(1.0, box=(900, 900, 50, 50))
    assert list(thumbnails(video, [late, outside])) == []


def test_a_face_at_the_edge_is_cut_out_of_what_there_is(tmp_path: Path) -> None:
    video = ours(tmp_path / "a.mp4")
    edge, whole = moment(0.2, box=(-20, 200, 60, 60)), moment(0.4, box=(0, 0, 320, 240))
    assert {of for of, url in thumbnails(video, [edge, whole]) if middle(url)} == {edge, whole}


def test_a_camera_has_its_own_videos_and_their_parts(tmp_path: Path) -> None:
    video = ours(tmp_path / "talk.mp4", camera="hall")
    ours(tmp_path / "talk.part2.mp4", 10.0, "hall")
    ours(tmp_path / "talk.part4.mp4", 20.0, "hall")
    ours(path_of(video, "front door"), 30.0, "front door")

    def found(camera: str, first: Path) -> list[float]:
        moments = [moment(at_s, camera=camera) for at_s in (1.0, 11.0, 21.0, 31.0)]
        return [one.at_s for one, _ in thumbnails_of(parts_of(first), moments)]

    assert found("hall", video) == [1.0, 11.0]
    assert found("front door", path_of(video, "front door")) == [31.0]
    assert found("roof", path_of(video, "roof")) == []
    assert found("roof", video) == []  # the video is of another camera


def test_a_later_part_has_no_moment_of_a_source_that_had_begun_again(tmp_path: Path) -> None:
    video = ours(tmp_path / "talk.mp4")
    ours(tmp_path / "talk.part2.mp4", 10.0)
    again = moment(11.0, pts_s=3.0)  # part 2 may hold another frame at its eleventh second
    assert list(thumbnails_of(parts_of(video), [again])) == []
