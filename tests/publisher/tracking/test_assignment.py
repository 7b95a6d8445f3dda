"""Which box goes to which track."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.tracking.assignment import LEAST_LIKENESS, AnyBox, assign, likeness

boxes = st.lists(st.tuples(*(st.integers(0, 120),) * 2, *(st.integers(1, 60),) * 2), max_size=4)


def gain(track: AnyBox, box: AnyBox) -> float:
    return max(0.0, likeness(track, box) - LEAST_LIKENESS)


def test_likeness_of_boxes_that_overlap_is_their_overlap_less_the_way_between_them() -> None:
    box = (0.0, 0.0, 10.0, 10.0)
    assert likeness(box, box) == pytest.approx(1)
    assert likeness(box, (5, 0, 10, 10)) == pytest.approx(1 / 3 - 5**2 / (15**2 + 10**2))
    assert likeness(box, (0, 0, 0, 0)) == pytest.approx(-(5**2 + 5**2) / (10**2 + 10**2))
    assert likeness((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def test_a_nearer_box_is_likelier_also_where_nothing_overlaps() -> None:
    row = [likeness((0, 0, 10, 10), (x, 0, 10, 10)) for x in (0, 3, 11, 40)]
    assert row == sorted(row, reverse=True)
    assert row[2] == pytest.approx(-(11**2) / (21**2 + 10**2))


def test_the_largest_sum_wins_over_the_best_single_pair() -> None:
    # The first track fits the first box best, but then nothing would be left for the second.
    expected = [(0.0, 0.0, 10.0, 10.0), (6.0, 0.0, 10.0, 10.0)]
    assert assign(expected, [(3, 0, 10, 10), (-3, 0, 10, 10)]) == {1: 0, 0: 1}


def test_what_is_too_far_away_is_left() -> None:
    assert assign([(0, 0, 10, 10)], [(12, 0, 10, 10)]) == {}
    assert assign([(0, 0, 10, 10)], [(8, 0, 10, 10)]) == {0: 0}
    assert assign([], [(0, 0, 10, 10)]) == {}
    assert assign([(0, 0, 10, 10)], []) == {}
    assert assign([], []) == {}


@given(boxes, boxes)
def test_no_other_way_to_pair_them_is_better(tracks: list[AnyBox], found: list[AnyBox]) -> None:
    pairs = assign(tracks, found)
    assert len(set(pairs.values())) == len(pairs)
    assert all(gain(tracks[track], found[box]) > 0 for box, track in pairs.items())
    few, many = sorted((tracks, found), key=len)
    best = max(
        sum(gain(one, other) for one, other in zip(few, order, strict=True))
        for order in permutations(many, len(few))
    )
    chosen = sum(gain(tracks[track], found[box]) for box, track in pairs.items())
    assert chosen == pytest.approx(best)


@given(boxes, boxes)
def test_no_pair_that_is_alike_is_out_of_reach(one: list[AnyBox], other: list[AnyBox]) -> None:
    alike = {(at, to) for at, a in enumerate(one) for to, b in enumerate(other) if gain(a, b) > 0}
    lonely = {to: at for at, to in alike}
    if len(alike) == len(lonely) == len(set(lonely.values())):
        assert assign(one, other) == lonely
