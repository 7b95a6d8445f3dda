from __future__ import annotations

import numpy as np
import pytest

from benchmarks.framing import IN_USE, SIZES, compare, measure_framing, resized
from detector.seen_face import Square


def test_crops_as_large_as_their_images_want_no_other_size() -> None:
    squares = np.array([[10, 20, 100, 100]] * 3, np.int32)
    framing = measure_framing([Square(10, 20, 100)] * 3, squares, 5)
    assert (framing.faces, framing.missed) == (5, 2)
    assert framing.size == 1.0
    assert framing.sides == (1.0, 1.0, 1.0)


def test_the_size_makes_the_median_crop_as_large_as_the_image() -> None:
    squares = np.array([[0, 0, 100, 100], [0, 0, 200, 200], [0, 0, 50, 50]], np.int32)
    cut = [Square(10, 15, 80), Square(20, 30, 160), Square(0, 0, 50)]
    framing = measure_framing(cut, squares, 3)
    assert framing.sides[1] == pytest.approx(0.8)
    assert 0.8 * framing.size == pytest.approx(1.0)
    assert framing.right[1] == pytest.approx(0.0)
    assert framing.down[1] == pytest.approx(0.05)


def test_the_size_in_use_changes_nothing_and_others_keep_the_centre() -> None:
    square = Square(80, 90, 100, roll_deg=20.0)
    assert IN_USE in SIZES
    assert resized(square, IN_USE) == square
    assert resized(square, 1.5) == Square(55, 65, 150, roll_deg=20.0)


def test_a_gain_is_counted_on_the_same_faces() -> None:
    in_use = np.array([True] * 60 + [False] * 40)
    right = np.array([False] * 5 + [True] * 70 + [False] * 25)
    row = compare(0.1, right, in_use)
    assert row.accuracy == 0.7
    assert row.gain == pytest.approx(0.1)
    half = 1.96 * np.sqrt(15 + 5 - 10**2 / 100) / 100
    assert row.gain_interval == pytest.approx((0.1 - half, 0.1 + half), abs=1e-4)


def test_the_margin_in_use_gains_nothing_on_itself() -> None:
    right = np.array([True, False, True])
    row = compare(IN_USE, right, right)
    assert (row.gain, row.gain_interval) == (0.0, (0.0, 0.0))
