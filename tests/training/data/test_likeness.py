"""Copies of a photograph are found however they were cut."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from common.face_model import Crops
from training.data.likeness import most_alike


def photographs(count: int, seed: int) -> Crops:
    """Make pictures of 60 px with light and dark areas as faces have them."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 6)).astype(np.uint8)
    return np.stack([cv2.resize(one, (60, 60), interpolation=cv2.INTER_CUBIC) for one in coarse])


def cut(pictures: Crops, left: int, top: int, side: int, *, mirrored: bool = False) -> Crops:
    faces = [
        cv2.resize(
            one[top : top + side, left : left + side], (48, 48), interpolation=cv2.INTER_AREA
        )
        for one in pictures
    ]
    return np.stack([one[:, ::-1] if mirrored else one for one in faces])


@pytest.mark.parametrize(
    ("left", "top", "side", "mirrored"),
    [(6, 6, 48, False), (9, 4, 48, False), (4, 4, 52, False), (6, 6, 48, True)],
)
def test_the_same_photograph_is_found_in_another_cut(
    left: int, top: int, side: int, mirrored: bool
) -> None:
    pictures = photographs(40, seed=1)
    faces, others = cut(pictures, 6, 6, 48), cut(pictures, left, top, side, mirrored=mirrored)
    found = most_alike(faces, others[::-1])
    np.testing.assert_array_equal(found.row, np.arange(40)[::-1])
    assert found.correlation.min() > 0.95


def test_other_photographs_are_less_alike() -> None:
    found = most_alike(
        cut(photographs(40, seed=1), 6, 6, 48), cut(photographs(40, seed=2), 6, 6, 48)
    )
    assert found.correlation.max() < 0.9


def test_light_and_contrast_make_no_difference() -> None:
    faces = cut(photographs(5, seed=3), 6, 6, 48)
    found = most_alike(faces, (faces // 2 + 60).astype(np.uint8))
    assert found.row.tolist() == [0, 1, 2, 3, 4]
    assert found.correlation.min() > 0.99


def test_a_face_without_contrast_is_like_none() -> None:
    grey = np.full((1, 48, 48), 90, np.uint8)
    assert most_alike(grey, cut(photographs(3, seed=4), 6, 6, 48)).correlation.max() < 0.01
