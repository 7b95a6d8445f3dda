from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.crops import cut_crops
from detector.seen_face import Square, square_around
from tests.support.scenes import background, frame_with_face

MARGIN = 0.02


def squares(*boxes: tuple[int, int, int, int]) -> list[Square]:
    return [square_around(np.array(box, np.int32), MARGIN) for box in boxes]


def test_no_boxes_give_no_crops() -> None:
    crops = cut_crops(background(), [])
    assert crops.shape == (0, 48, 48)
    assert crops.dtype == np.uint8


def test_each_box_gives_its_own_crop_in_order() -> None:
    gray = np.zeros((200, 400), np.uint8)
    gray[:, 200:] = 200
    crops = cut_crops(gray, squares((20, 20, 100, 100), (260, 50, 60, 60)))
    assert crops.shape == (2, 48, 48)
    assert crops.dtype == np.uint8
    assert np.all(crops[0] == 0)
    assert np.all(crops[1] == 200)


def test_the_crop_is_the_box_widened_by_the_margin() -> None:
    gray = np.zeros((600, 600), np.uint8)
    margin_px = round(200 * MARGIN)
    gray[200 - margin_px : 400 + margin_px, 200 - margin_px : 400 + margin_px] = 255
    (crop,) = cut_crops(gray, squares((200, 200, 200, 200)))
    (wider,) = cut_crops(gray, squares((190, 190, 220, 220)))
    assert np.all(crop == 255)
    assert not np.all(wider == 255)


def test_a_crop_averages_the_pixels_it_is_shrunk_from() -> None:
    checkerboard = np.indices((480, 480)).sum(axis=0) % 2 * 255
    (crop,) = cut_crops(checkerboard.astype(np.uint8), squares((100, 100, 240, 240)))
    assert np.all(np.abs(crop.astype(int) - 127) <= 16)


def test_a_face_smaller_than_the_crop_is_enlarged_smoothly() -> None:
    ramp = np.tile(np.arange(0, 240, 8, dtype=np.uint8), (30, 1))
    (crop,) = cut_crops(ramp, squares((3, 3, 24, 24)))
    steps = np.diff(crop[24].astype(int))
    assert np.all(steps >= 0)
    assert steps.max() <= 8


def test_an_oblong_box_is_cut_as_the_square_around_its_centre() -> None:
    gray = frame_with_face(320, 240, 90)
    oblong = cut_crops(gray, squares((290, 195, 60, 90)))
    square = cut_crops(gray, squares((275, 195, 90, 90)))
    np.testing.assert_array_equal(oblong, square)


def test_over_the_edge_the_last_pixels_are_repeated_and_the_aspect_is_kept() -> None:
    gray = np.tile(np.arange(200, dtype=np.uint8), (200, 1))
    (left,) = cut_crops(gray, squares((-48, 50, 96, 96)))
    (right,) = cut_crops(gray, squares((152, 50, 96, 96)))
    assert np.all(left[:, :22] == 0)
    assert np.all(np.diff(left[0, 26:].astype(int)) > 0)
    assert np.all(right[:, 26:] == 199)
    assert np.all(np.diff(right[0, :22].astype(int)) > 0)


def test_the_frame_is_not_changed() -> None:
    gray = frame_with_face(320, 240)
    before = gray.copy()
    crops = cut_crops(gray, squares((280, 200, 48, 48)))
    crops[:] = 0
    np.testing.assert_array_equal(gray, before)


@pytest.mark.parametrize(
    "square",
    [
        Square(640, 10, 50),
        Square(10, 480, 50),
        Square(-50, 10, 50),
        Square(10, -50, 50),
        Square(10, 10, 0),
    ],
)
def test_a_square_that_holds_nothing_is_refused_with_its_numbers(square: Square) -> None:
    expected = re.escape(f"expected a square inside the frame of 640x480, got {square}")
    with pytest.raises(ValueError, match=expected):
        cut_crops(background(), [square])


def test_a_crop_of_a_frame_in_colour_is_grey() -> None:
    gray = frame_with_face(320, 240)
    bgr = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR).astype(np.uint8)
    square = squares((280, 200, 80, 80))
    np.testing.assert_array_equal(cut_crops(bgr, square), cut_crops(gray, square))


@pytest.mark.parametrize("roll_deg", [-60.0, -20.0, 15.0, 45.0, 90.0])
def test_a_tilted_face_is_cut_upright(roll_deg: float) -> None:
    gray = frame_with_face(320, 240, 120)
    turn = cv2.getRotationMatrix2D((319.5, 239.5), -roll_deg, 1.0)  # OpenCV turns the other way
    tilted = cv2.warpAffine(gray, turn, (640, 480)).astype(np.uint8)
    (upright,) = cut_crops(gray, [Square(260, 180, 120)])
    (crop,) = cut_crops(tilted, [Square(260, 180, 120, roll_deg)])
    (as_it_is,) = cut_crops(tilted, [Square(260, 180, 120)])
    assert np.abs(crop.astype(int) - upright).mean() < 4
    assert np.abs(as_it_is.astype(int) - upright).mean() > 15


@given(st.integers(-60, 119), st.integers(-60, 89), st.integers(61, 300), st.integers(61, 300))
def test_every_box_that_touches_the_frame_gives_a_crop(x: int, y: int, w: int, h: int) -> None:
    crops = cut_crops(background(120, 90), squares((x, y, w, h)))
    assert crops.shape == (1, 48, 48)
