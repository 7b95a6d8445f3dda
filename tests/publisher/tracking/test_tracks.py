"""Which face is which from frame to frame."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from publisher.faces import TURNED_AWAY, Box, Face
from publisher.tracking.tracks import SHOWN_FROM, Sighting, Tracker, sighting
from tests.publisher.material import HAPPY, SAD, frame, result

LEFT, RIGHT = (10, 10, 40, 40), (200, 10, 40, 40)


def seen(pts_s: float, *faces: tuple[Box, tuple[float, ...]]) -> Sighting:
    return Sighting(pts_s, tuple(box for box, _ in faces), tuple(row for _, row in faces))


def ids(faces: tuple[Face, ...]) -> list[int]:
    return [face.track_id for face in faces]


def test_tracks_are_counted_from_one_and_follow_their_faces() -> None:
    tracker = Tracker()
    assert ids(tracker.update(seen(0.0, (LEFT, HAPPY), (RIGHT, SAD)))) == [1, 2]
    moved = seen(0.1, ((205, 14, 40, 40), SAD), ((14, 8, 42, 42), HAPPY))
    assert ids(tracker.update(moved)) == [2, 1]


def test_each_track_takes_one_box_and_the_best() -> None:
    tracker = Tracker()
    tracker.update(seen(0.0, (LEFT, HAPPY)))
    faces = tracker.update(seen(0.1, ((20, 10, 40, 40), HAPPY), ((11, 10, 40, 40), HAPPY)))
    assert ids(faces) == [2, 1]


def test_a_face_that_is_missed_for_less_than_a_second_keeps_its_track() -> None:
    tracker = Tracker()
    tracker.update(seen(0.0, (LEFT, HAPPY)))
    tracker.update(seen(0.5))
    assert ids(tracker.update(seen(0.9, (LEFT, HAPPY)))) == [1]
    assert ids(tracker.update(seen(2.0, (LEFT, HAPPY)))) == [2]


def walk(
    tracker: Tracker, ways: dict[str, tuple[float, float]], hidden: dict[str, range], frames: int
) -> dict[str, set[int]]:
    """Let faces go from ``x`` at a speed of px a frame; give the tracks each had when seen."""
    had: dict[str, set[int]] = {name: set() for name in ways}
    for place in range(frames):
        visible = [name for name in ways if place not in hidden.get(name, range(0))]
        boxes = [(round(ways[name][0] + ways[name][1] * place), 60, 40, 40) for name in visible]
        faces = tracker.update(seen(place / 30, *((box, HAPPY) for box in boxes)))
        for name, face in zip(visible, faces, strict=True):
            had[name].add(face.track_id)
    return had


def test_faces_that_cross_keep_their_tracks_though_one_hides_the_other() -> None:
    ways = {"near": (0.0, 4.0), "far": (240.0, -4.0)}
    # They are in one place at frame 30; the far one is hidden for a third of a second.
    had = walk(Tracker(), ways, {"far": range(25, 36)}, 60)
    assert had == {"near": {1}, "far": {2}}


def test_a_moving_face_that_is_missed_for_a_moment_keeps_its_track() -> None:
    # In 8 frames it goes 56 px, more than its own width.
    assert walk(Tracker(), {"moving": (0.0, 7.0)}, {"moving": range(20, 28)}, 60) == {"moving": {1}}


def test_a_face_in_another_place_is_another_face() -> None:
    tracker = Tracker()
    tracker.update(seen(0.0, (LEFT, HAPPY)))
    assert ids(tracker.update(seen(0.03, (RIGHT, HAPPY)))) == [2]


def test_a_track_is_shown_from_its_third_sighting_on() -> None:
    tracker = Tracker()
    shown = [tracker.update(seen(at / 30, (LEFT, HAPPY)))[0].shown for at in range(5)]
    assert shown == [False] * (SHOWN_FROM - 1) + [True] * (6 - SHOWN_FROM)


def test_a_missed_frame_does_not_hide_a_track_again() -> None:
    tracker = Tracker()
    for at in range(SHOWN_FROM):
        tracker.update(seen(at / 30, (LEFT, HAPPY)))
    tracker.update(seen(0.3))
    assert tracker.update(seen(0.4, (LEFT, HAPPY)))[0].shown


def test_after_a_cut_faces_are_new_and_shown_at_once() -> None:
    tracker = Tracker()
    for at in range(SHOWN_FROM):
        tracker.update(seen(at / 30, (LEFT, HAPPY)))
    tracker.cut()
    (face,) = tracker.update(seen(0.2, (LEFT, HAPPY)))
    assert (face.track_id, face.shown) == (2, True)
    faces = tracker.update(seen(0.3, (LEFT, HAPPY), (RIGHT, SAD)))
    assert [(face.track_id, face.shown) for face in faces] == [(2, True), (3, False)]


def test_a_clip_that_begins_again_begins_new_tracks() -> None:
    tracker = Tracker()
    tracker.update(seen(0.5, (LEFT, HAPPY)))
    assert ids(tracker.update(seen(0.4, (LEFT, SAD)))) == [2]


def test_a_late_classification_keeps_the_label_and_changes_nothing() -> None:
    tracker = Tracker()
    first = tracker.update(seen(0.0, (LEFT, HAPPY)))[0]
    late = tracker.update(seen(0.1, (LEFT, ())))[0]
    assert late.reused
    assert late.probabilities == ()
    assert (late.label, late.confidence, late.smoothed) == ("happy", first.confidence, HAPPY)


def test_a_face_never_classified_has_no_label() -> None:
    face = Tracker().update(seen(0.0, (LEFT, ())))[0]
    assert (face.label, face.confidence, face.smoothed) == (None, None, ())


def test_probabilities_of_late_faces_are_left_out_and_others_rounded() -> None:
    made = result(frame(1, pts_s=1.00000049), [(LEFT, (1 / 3,) * 7), (RIGHT, None)])
    assert sighting(made) == Sighting(1.0, (LEFT, RIGHT), ((0.333333,) * 7, ()))


def turned(pts_s: float, yaw_deg: float = 70.0) -> Sighting:
    return Sighting(pts_s, (LEFT,), ((),), ((0.0, yaw_deg, 0.0),), (True,))


def test_a_face_that_turns_away_keeps_its_track_and_is_not_judged() -> None:
    tracker = Tracker()
    for at in range(SHOWN_FROM):
        tracker.update(seen(at / 30, (LEFT, HAPPY)))
    (face,) = tracker.update(turned(0.2))
    assert (face.track_id, face.shown, face.label) == (1, True, TURNED_AWAY)
    assert (face.confidence, face.smoothed, face.probabilities) == (None, (), ())
    assert not face.reused
    assert face.pose == (0.0, 70.0, 0.0)


def test_who_turns_back_within_a_second_goes_on_from_before() -> None:
    tracker = Tracker()
    tracker.update(seen(0.0, (LEFT, HAPPY)))
    for at_s in (0.1, 0.3, 0.5):
        tracker.update(turned(at_s))
    (late,) = tracker.update(seen(0.6, (LEFT, ())))
    assert (late.label, late.smoothed) == ("happy", HAPPY)
    (back,) = tracker.update(seen(0.7, (LEFT, SAD)))
    assert min(HAPPY[3], SAD[3]) < back.smoothed[3] < max(HAPPY[3], SAD[3])


def test_who_turns_back_after_more_than_a_second_is_judged_afresh() -> None:
    tracker = Tracker()
    tracker.update(seen(0.0, (LEFT, HAPPY)))
    for tenths in range(1, 13):
        tracker.update(turned(tenths / 10))
    (late,) = tracker.update(seen(1.3, (LEFT, ())))
    assert (late.track_id, late.label, late.smoothed) == (1, None, ())
    (back,) = tracker.update(seen(1.4, (LEFT, SAD)))
    assert (back.track_id, back.label, back.smoothed) == (1, "sad", SAD)


def test_each_face_has_its_own_pose_rounded() -> None:
    made = result(
        frame(1, pts_s=1.0),
        [(LEFT, HAPPY), (RIGHT, None)],
        poses=[(1.26, -0.04, -12.34), (0.0, 71.0, 3.0)],
        turned_away=(False, True),
    )
    first, second = Tracker().update(sighting(made))
    assert (first.pose, second.pose) == ((1.3, 0.0, -12.3), (0.0, 71.0, 3.0))
    assert str(first.pose) == "(1.3, 0.0, -12.3)"  # not -0.0
    assert (first.label, second.label) == ("happy", TURNED_AWAY)
    assert (first.reused, second.reused) == (False, False)


def test_a_detector_without_landmarks_tells_no_pose() -> None:
    (face,) = Tracker().update(sighting(result(frame(1))))
    assert face.pose is None


boxes = st.tuples(*(st.integers(0, 300),) * 2, *(st.integers(0, 90),) * 2)
frames = st.lists(
    st.tuples(st.floats(-1, 3), st.lists(st.tuples(boxes, st.sampled_from([HAPPY, SAD, ()])))),
    max_size=12,
)


@given(frames)
def test_tracks_depend_on_the_sequence_alone_and_are_never_shared(
    sequence: list[tuple[float, list[tuple[Box, tuple[float, ...]]]]],
) -> None:
    one, two = Tracker(), Tracker()
    for pts_s, faces in sequence:
        given_faces = one.update(seen(pts_s, *faces))
        assert given_faces == two.update(seen(pts_s, *faces))
        assert len(set(ids(given_faces))) == len(faces)
