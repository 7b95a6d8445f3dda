"""Faces that were there a moment ago."""

from __future__ import annotations

from publisher.drawing.recent_boxes import RecentBoxes

FACE = (40, 30, 50, 50)


def test_a_face_that_is_missed_for_a_moment_stays_hidden() -> None:
    recent = RecentBoxes()
    recent.add_boxes(0.0, [FACE])
    recent.add_boxes(0.4, [])
    assert recent.boxes() == (FACE,)
    recent.add_boxes(0.6, [])
    assert recent.boxes() == ()


def test_a_clip_that_begins_again_begins_with_nothing() -> None:
    recent = RecentBoxes()
    recent.add_boxes(9.0, [FACE])
    recent.add_boxes(0.0, [(1, 2, 3, 4)])
    assert recent.boxes() == ((1, 2, 3, 4),)
