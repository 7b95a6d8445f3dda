from __future__ import annotations

import numpy as np
import pytest

from benchmarks.framing import MARGINS, compare, cut_at_margin, measure_framing
from common.face_model import CROP_MARGIN
from detector.crops import cut_crops


def test_boxes_as_large_as_their_images_want_no_margin() -> None:
    squares = np.array([[10, 20, 100, 100]] * 3, np.int32)
    framing = measure_framing(squares, squares, 5)
    assert (framing.faces, framing.missed) == (5, 2)
    assert framing.margin == 0.0
    assert framing.sides == (1.0, 1.0, 1.0)


def test_the_margin_makes_the_median_box_as_large_as_the_image() -> None:
    squares = np.array([[0, 0, 100, 100], [0, 0, 200, 200], [0, 0, 50, 50]], np.int32)
    boxes = np.array([[10, 15, 80, 80], [20, 30, 160, 160], [0, 0, 50, 50]], np.int32)
    framing = measure_framing(boxes, squares, 3)
    assert framing.sides[1] == pytest.approx(0.8)
    assert 0.8 * (1 + 2 * framing.margin) == pytest.approx(1.0)
    assert framing.right[1] == pytest.approx(0.0)
    assert framing.down[1] == pytest.approx(0.05)


def test_the_margin_in_use_cuts_as_the_detector_does() -> None:
    assert CROP_MARGIN in MARGINS
    gray = np.random.default_rng(1).integers(0, 256, (300, 300)).astype(np.uint8)
    box = np.array([80, 90, 101, 101], np.int32)
    np.testing.assert_array_equal(
        cut_at_margin(gray, box, CROP_MARGIN), cut_crops(gray, box[None])[0]
    )


def test_a_wider_margin_shows_more() -> None:
    gray = np.zeros((300, 300), np.uint8)
    gray[100:200, 100:200] = 255
    box = np.array([100, 100, 100, 100], np.int32)
    light = [float(cut_at_margin(gray, box, margin).mean()) for margin in (0.0, 0.1, 0.2)]
    assert light == pytest.approx([255, 255 / 1.2**2, 255 / 1.4**2], rel=0.03)


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
    row = compare(CROP_MARGIN, right, right)
    assert (row.gain, row.gain_interval) == (0.0, (0.0, 0.0))
