"""Which box goes to which track."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.tracking.assignment import LEAST_LIKENESS, AnyBox, assign, likeness, overlaps

boxes = st.lists(st.tuples(*(st.integers(0, 120),) * 2, *(st.integers(1, 60),) * 2), max_size=4)


def as_array(given_boxes: list[AnyBox]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array(given_boxes, np.float64).reshape(-1, 4)


def test_overlap_of_boxes() -> None:
    a = as_array([(0, 0, 10, 10), (0, 0, 0, 0)])
    b = as_array([(0, 0, 10, 10), (5, 0, 10, 10), (50, 50, 5, 5), (0, 0, 0, 0)])
    assert overlaps(a, b)[0] == pytest.approx([1, 1 / 3, 0, 0])
    assert overlaps(a, b)[1] == pytest.approx([0, 0, 0, 0])


def test_a_nearer_box_is_likelier_also_where_nothing_overlaps() -> None:
    a = as_array([(0, 0, 10, 10)])
    b = as_array([(0, 0, 10, 10), (3, 0, 10, 10), (11, 0, 10, 10), (40, 0, 10, 10)])
    (row,) = likeness(a, b)
    assert row[0] == pytest.approx(1)
    assert list(row) == sorted(row, reverse=True)
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


@given(boxes, boxes)
def test_no_other_way_to_pair_them_is_better(tracks: list[AnyBox], found: list[AnyBox]) -> None:
    pairs = assign(tracks, found)
    assert len(set(pairs.values())) == len(pairs)
    if not tracks or not found:
        return
    gain = np.maximum(likeness(as_array(tracks), as_array(found)) - LEAST_LIKENESS, 0)
    assert all(gain[track, box] > 0 for box, track in pairs.items())
    gain = gain if len(tracks) >= len(found) else gain.T
    best = max(
        sum(gain[row, column] for column, row in enumerate(order))
        for order in permutations(range(gain.shape[0]), gain.shape[1])
    )
    chosen = sum(
        likeness(as_array([tracks[track]]), as_array([found[box]]))[0, 0] - LEAST_LIKENESS
        for box, track in pairs.items()
    )
    assert chosen == pytest.approx(best)
