"""A source's time, made to go forward only."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.recording.source_clock import SourceClock


def times(pts: list[float]) -> list[float]:
    clock = SourceClock()
    return [clock.time_s(pts_s) for pts_s in pts]


def test_times_are_the_sources_own() -> None:
    assert times([3.0, 3.04, 3.5, 9.0]) == [3.0, 3.04, 3.5, 9.0]


def test_a_clip_that_begins_again_goes_on_after_one_more_interval() -> None:
    assert times([0.0, 0.5, 1.0, 0.0, 0.5]) == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])


def test_timestamps_that_stand_still_go_on_at_thirty_a_second() -> None:
    assert times([0.0, 0.0, 0.0]) == pytest.approx([0, 1 / 30, 2 / 30])


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=30))
def test_time_never_goes_back(pts: list[float]) -> None:
    found = times(pts)
    assert all(a <= b for a, b in itertools.pairwise(found))
