"""Where a face is expected next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.tracking.motion import COASTING_S, Motion

BOX = (100, 50, 40, 60)


def walk(frames_a_second: int, speed_px: float, seconds: float = 2.0) -> Motion:
    """A face that goes to the right at an even speed."""
    motion = Motion(BOX, 0.0)
    for place in range(1, round(frames_a_second * seconds) + 1):
        at_s = place / frames_a_second
        motion = motion.move_to((round(100 + speed_px * at_s), 50, 40, 60), at_s)
    return motion


def test_a_face_seen_once_is_expected_where_it_is() -> None:
    assert Motion(BOX, 1.0).predict(1.7) == BOX


@pytest.mark.parametrize("frames_a_second", [5, 10, 30, 60])
def test_a_face_is_expected_further_on_its_way_at_any_frame_rate(frames_a_second: int) -> None:
    walked = walk(frames_a_second, 120.0)
    x, y, w, h = walked.predict(walked.at_s + 0.1)
    assert x == pytest.approx(walked.box[0] + 12, abs=3)
    assert (y, w, h) == (50, 40, 60)


def test_the_speed_dies_away_while_the_face_is_not_seen() -> None:
    walked = walk(30, 120.0)
    far = walked.predict(walked.at_s + 60)[0] - walked.box[0]
    assert far == pytest.approx(walked.speed_x * COASTING_S)


def test_a_timestamp_that_stands_still_changes_no_speed() -> None:
    walked = walk(30, 120.0)
    again = walked.move_to((0, 0, 40, 60), walked.at_s)
    assert (again.speed_x, again.box) == (walked.speed_x, (0, 0, 40, 60))


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0.001, 2.0)), min_size=1, max_size=20))
def test_the_speed_is_never_above_the_fastest_step(steps: list[tuple[int, float]]) -> None:
    motion, fastest = Motion(BOX, 0.0), 0.0
    for x, elapsed_s in steps:
        fastest = max(fastest, abs(x - motion.box[0]) / elapsed_s)
        motion = motion.move_to((x, 50, 40, 60), motion.at_s + elapsed_s)
    assert abs(motion.speed_x) <= fastest * (1 + 1e-9)
