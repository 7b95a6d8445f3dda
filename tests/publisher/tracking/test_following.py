"""Frames that come a second time."""

from __future__ import annotations

from msgspec.structs import replace

from common.contract import Mode
from publisher.tracking.following import Following
from publisher.tracking.tracks import Sighting
from tests.publisher.material import FACE, HAPPY, frame, result


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
    following.replay("cam", 5, Sighting(0.2, (FACE,), (HAPPY,)))
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
