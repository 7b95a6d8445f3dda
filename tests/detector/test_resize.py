from __future__ import annotations

import numpy as np
import pytest

from detector.resize import rescale, resize, search_scale
from tests.support.scenes import background


@pytest.mark.parametrize(
    ("width", "height", "scale"),
    [
        (1280, 720, 0.5),
        (640, 480, 1.0),
        (320, 240, 2.0),
        (1080, 1920, 640 / 1080),
        (1000, 4000, 0.32),
        (1, 64_000_000, 2e-5),
    ],
)
def test_a_frame_is_searched_at_a_width_and_at_most_twice_that_height(
    width: int, height: int, scale: float
) -> None:
    assert search_scale((height, width, 3), 640) == pytest.approx(scale)


def test_no_side_is_shrunk_to_nothing() -> None:
    assert rescale(np.zeros((1, 5000), np.uint8), 0.1).shape == (1, 500)
    assert rescale(np.zeros((5000, 1, 3), np.uint8), 0.1).shape[:2] == (500, 1)


def test_a_picture_of_that_size_is_not_copied() -> None:
    gray = background()
    assert resize(gray, (640, 480)) is gray
