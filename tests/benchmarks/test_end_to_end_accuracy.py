from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.composed_faces import Background, watch
from benchmarks.end_to_end_accuracy import (
    CLASSIC,
    DATA_SET,
    classic_crop,
    cut_each_way,
    judge,
    main,
)
from benchmarks.searches import Search
from tests.support.scenes import FACE_PX, FACE_X, FACE_Y, background, portrait
from tests.training.synthetic_faces import make_faces


def test_a_missed_face_is_an_error() -> None:
    found = np.array([True, True, True, False, False])
    right = np.array([True, True, False, False, False])
    data_set = np.array([True, False, False, True, True])
    row = judge("some way", found, right, data_set)
    assert (row.faces, row.missed, row.right) == (5, 2, 2)
    assert row.accuracy == 0.4
    assert row.accuracy_of_found == pytest.approx(2 / 3)
    assert row.data_set_accuracy_of_found == pytest.approx(1 / 3)


def test_a_way_that_finds_nothing_is_never_right() -> None:
    nothing = np.zeros(3, dtype=bool)
    row = judge("blind", nothing, nothing, ~nothing)
    assert row.accuracy == 0.0
    assert row.missed == 3
    assert row.accuracy_of_found is None
    assert row.data_set_accuracy_of_found is None


def test_the_classic_crop_is_the_box_resized_as_it_comes() -> None:
    gray = np.random.default_rng(1).integers(0, 256, (200, 200)).astype(np.uint8)
    crop = classic_crop(gray, np.array([20, 30, 100, 100], np.int32))
    np.testing.assert_array_equal(crop, cv2.resize(gray[30:130, 20:120], (48, 48)))


def test_a_followed_box_over_the_edge_is_cut_where_the_frame_ends() -> None:
    gray = np.random.default_rng(1).integers(0, 256, (200, 200)).astype(np.uint8)
    crop = classic_crop(gray, np.array([-10, 150, 60, 60], np.int32))
    np.testing.assert_array_equal(crop, cv2.resize(gray[150:200, 0:50], (48, 48)))


@pytest.mark.parametrize("detector", ["haar", "yunet"])
def test_a_face_comes_back_out_of_its_frame_by_every_way(detector: str) -> None:
    face = portrait()[FACE_Y : FACE_Y + FACE_PX, FACE_X : FACE_X + FACE_PX]
    image = cv2.resize(face, (48, 48), interpolation=cv2.INTER_AREA).astype(np.uint8)
    empty = Background(background(), np.zeros((0, 4)))
    faces = replace(make_faces(1, seed=1), images=image[None])
    search = Search(detector)
    ((bgr, seen, square),) = watch(faces, [empty], search)
    crops = cut_each_way(image, bgr, seen, square, search)
    assert crops[DATA_SET] is image
    assert crops[CLASSIC] is not None
    for way, crop in crops.items():
        assert crop is not None, way
        likeness = np.corrcoef(crop.ravel(), image.ravel())[0, 1]
        assert likeness > 0.6, way


def test_wrong_data_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path), "--videos", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("benchmarks.end_to_end_accuracy: ")
    assert error.count("\n") == 1
