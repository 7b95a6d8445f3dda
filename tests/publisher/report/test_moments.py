"""The clearest moments of each expression."""

from __future__ import annotations

import pytest

from publisher.report.moments import APART_S, EXPRESSIONS, MOMENTS_EACH, MomentFinder
from tests.publisher.report.made import FPS, face


def test_the_highest_are_found_best_first_and_seconds_apart() -> None:
    finder = MomentFinder()
    peaks = {4.0: 0.91, 5.0: 0.9, 20.0: 0.8, 33.0: 0.95, 40.0: 0.7, 50.0: 0.6}
    for number in range(60 * FPS):
        at_s = number / FPS
        finder.add_face("cam", at_s, at_s, face("happy", peaks.get(at_s, 0.55)))
    found = finder.best()["happy"]
    assert [moment.at_s for moment in found] == [33.0, 4.0, 20.0, 40.0]
    assert len(found) == MOMENTS_EACH
    assert APART_S > 1


def test_another_face_may_have_its_moment_at_the_same_time() -> None:
    finder = MomentFinder()
    for track_id in (1, 2):
        finder.add_face("cam", 3.0, 3.0, face("sad", 0.8, track_id))
    finder.add_face("door", 3.0, 3.0, face("sad", 0.9, 1))
    found = finder.best()["sad"]
    assert [(moment.camera, moment.track_id) for moment in found] == [
        ("door", 1),
        ("cam", 1),
        ("cam", 2),
    ]


def test_neutral_and_what_is_improbable_are_no_moments() -> None:
    finder = MomentFinder()
    finder.add_face("cam", 0.0, 0.0, face("neutral", 0.99))
    finder.add_face("cam", 0.0, 0.0, face("fear", 0.49))
    assert finder.best() == {label: [] for label in EXPRESSIONS}


def test_memory_is_bounded_over_a_day() -> None:
    finder = MomentFinder()
    for second in range(86_400):
        finder.add_face("cam", second, second, face("happy", 0.6 + second % 7 / 100, second // 600))
    kept = finder._found["happy"]
    assert len(kept) <= 2000
    assert [moment.probability for moment in finder.best()["happy"]] == pytest.approx(
        [0.66] * MOMENTS_EACH
    )
