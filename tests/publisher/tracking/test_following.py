"""Frames that come a second time, and images that are shown again and again."""

from __future__ import annotations

from msgspec.structs import replace

from common.contract import Mode
from common.messages import Result
from publisher.tracking.following import Following
from publisher.tracking.tracks import Sighting
from tests.publisher.material import FACE, HAPPY, SAD, frame, result


def test_a_lossless_frame_is_followed_once() -> None:
    following = Following()
    sent = [result(frame(at), mode=Mode.LOSSLESS) for at in (1, 2)]
    assert [following.follow(one) is None for one in (*sent, *sent)] == [False, False, True, True]


def test_a_live_camera_may_begin_again() -> None:
    following = Following()
    assert [following.follow(result(frame(at), mode=Mode.LIVE)) is None for at in (9, 1)] == [
        False
    ] * 2


def test_what_was_replayed_is_not_followed_until_something_new_comes() -> None:
    following = Following()
    following.replay("cam", 5, Sighting(0.2, (FACE,), (HAPPY,)), "")
    assert following.follow(result(frame(5))) is None
    faces = following.follow(result(frame(6)))
    assert faces is not None
    assert faces[0].track_id == 1
    assert following.follow(result(frame(5))) is not None


def test_each_camera_counts_its_own_tracks() -> None:
    following = Following()
    found = [following.follow(result(frame(1, camera))) for camera in ("a", "b")]
    assert [faces[0].track_id for faces in found if faces] == [1, 1]


def test_a_cut_begins_new_tracks() -> None:
    following = Following()
    before = following.follow(result(frame(0)))
    after = following.follow(result(replace(frame(1), cut=True)))
    assert before
    assert after
    assert {face.track_id for face in before}.isdisjoint(face.track_id for face in after)


UNSURE = (0.33, 0.12, 0.11, 0.11, 0.11, 0.11, 0.11)
OTHER = (200, 10, 50, 50)


def image(
    number: int, *rows: tuple[float, ...] | None, mode: Mode = Mode.LIVE, every_s: float = 0.25
) -> Result:
    """Make an image with a face for each row, None where its classification is late."""
    faces = list(zip((FACE, OTHER), rows, strict=False))
    return result(replace(frame(number, pts_s=number * every_s), cut=True), faces, mode)


def test_a_live_image_is_judged_once_however_often_it_is_shown() -> None:
    following = Following()
    first = following.follow(image(0, HAPPY, UNSURE))
    assert first
    assert [(face.label, face.shown) for face in first] == [("happy", True), ("uncertain", True)]
    assert {following.follow(image(at, HAPPY, UNSURE)) for at in range(1, 40)} == {first}
    other = following.follow(image(40, SAD))
    assert other
    assert (other[0].track_id, other[0].label) == (3, "sad")


def test_a_live_image_whose_answer_is_late_has_nothing_of_the_one_before() -> None:
    following = Following()
    first = following.follow(image(0, HAPPY))
    late = following.follow(image(1, None))
    assert late
    assert (late[0].track_id, late[0].label, late[0].reused) == (2, None, True)
    assert following.follow(image(2, HAPPY)) == first


def test_images_of_a_recording_are_each_judged_even_where_they_are_equal() -> None:
    following = Following()
    found = [following.follow(image(at, HAPPY, mode=Mode.LOSSLESS)) for at in range(3)]
    assert [faces[0].track_id for faces in found if faces] == [1, 2, 3]
