"""Which face is which from frame to frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.faces import Box, Face
from publisher.tracks import Sighting, Tracker, overlaps, sighting
from tests.publisher.material import HAPPY, SAD

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
    assert (face.label, face.confidence, face.smoothed) == ("", 0.0, ())


def test_probabilities_of_late_faces_are_left_out_and_others_rounded() -> None:
    made = sighting(
        1.00000049,
        np.array([LEFT, RIGHT], np.int32),
        np.array([[1 / 3] * 7, [0] * 7], np.float32),
        (False, True),
    )
    assert made == Sighting(1.0, (LEFT, RIGHT), ((0.333333,) * 7, ()))


def test_overlap_of_boxes() -> None:
    a = np.array([[0, 0, 10, 10], [0, 0, 0, 0]], np.float64)
    b = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [50, 50, 5, 5], [0, 0, 0, 0]], np.float64)
    assert overlaps(a, b)[0] == pytest.approx([1, 1 / 3, 0, 0])
    assert overlaps(a, b)[1] == pytest.approx([0, 0, 0, 0])


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
