from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.composed_faces import (
    FADE,
    JPEG_QUALITY,
    Background,
    as_webcam_sees,
    best_overlap,
    blend,
    compose,
    find_place,
    random_of_face,
    read_backgrounds,
)
from common.errors import ConfigError
from common.face_model import no_boxes

NO_FACES = np.zeros((0, 4))


def room(faces: NDArray[np.float64] = NO_FACES) -> Background:
    return Background(np.full((480, 640), 90, np.uint8), faces)


def test_the_face_s_square_shows_the_image_and_the_frame_stays_beyond_the_fade() -> None:
    image = np.full((48, 48), 200, np.uint8)
    face = np.array([200, 100, 120, 120], np.int32)
    frame = blend(image, room().gray, face)
    assert np.unique(frame[100:220, 200:320]).tolist() == [200]
    fade = round(FADE * 120)
    frame[100 - fade : 220 + fade, 200 - fade : 320 + fade] = 90
    assert np.unique(frame).tolist() == [90]


def test_the_image_is_not_shifted_by_enlarging() -> None:
    image = np.zeros((48, 48), np.uint8)
    image[:, 24:] = 255
    frame = blend(image, room().gray, np.array([100, 100, 192, 192], np.int32))
    row = frame[196, 100:292].astype(int)
    assert row[:90].max() == 0
    assert row[102:].min() == 255
    assert row[95] + row[96] == pytest.approx(255, abs=1)


def test_the_seam_has_no_edge() -> None:
    frame = blend(np.full((48, 48), 250, np.uint8), room().gray, np.array([200, 100, 120, 120]))
    steps = np.abs(np.diff(frame.astype(int), axis=1))
    assert steps.max() <= 10, "160 grey levels over 30 px"


def test_a_fade_may_reach_over_the_frame_s_edge() -> None:
    frame = blend(np.full((48, 48), 200, np.uint8), room().gray, np.array([0, 380, 100, 100]))
    assert frame.shape == (480, 640)
    assert np.unique(frame[380:, :100]).tolist() == [200]


def test_faces_are_placed_beside_the_frame_s_own() -> None:
    background = room(np.array([[270.0, 60.0, 70.0, 90.0]]))
    random = np.random.default_rng(1)
    for side in (92, 160, 220):
        for _ in range(50):
            place = find_place(background, side, random)
            assert place is not None
            left, top, _, _ = place.tolist()
            assert 0 <= left <= 640 - side
            assert 0 <= top <= 480 - side
            fade = FADE * side
            beside = left - fade >= 340 or left + side + fade <= 270
            assert beside or top - fade >= 150 or top + side + fade <= 60


def test_no_place_is_found_where_there_is_none() -> None:
    full = room(np.array([[0.0, 0.0, 640.0, 480.0]]))
    assert find_place(full, 92, np.random.default_rng(1)) is None
    assert find_place(room(), 484, np.random.default_rng(1)) is None


def test_a_face_gets_the_same_scene_every_time() -> None:
    image = np.arange(48 * 48).reshape(48, 48).astype(np.uint8)
    frames, squares = zip(
        *(compose(image, [room()], random_of_face(row)) for row in (5, 5, 6)), strict=True
    )
    np.testing.assert_array_equal(frames[0], frames[1])
    assert squares[0].tolist() == squares[1].tolist() != squares[2].tolist()


def test_a_webcam_adds_noise_and_nothing_else() -> None:
    seen = as_webcam_sees(room().gray, np.random.default_rng(2)).astype(float)
    assert JPEG_QUALITY < 100
    assert 0.5 < seen.std() < 3
    assert seen.mean() == pytest.approx(90, abs=0.2)


def test_the_box_of_a_face_is_the_one_that_overlaps_most() -> None:
    face = np.array([100, 100, 100, 100], np.int32)
    boxes = np.array([[400, 100, 90, 90], [150, 100, 100, 100], [105, 105, 95, 95]], np.int32)
    assert best_overlap(boxes, face) == 2
    assert best_overlap(boxes[:1], face) is None
    assert best_overlap(no_boxes(), face) is None


@pytest.mark.parametrize("tilt_deg", [30.0, -45.0])
def test_a_tilted_face_is_turned_in_its_place(tilt_deg: float) -> None:
    image = np.zeros((48, 48), np.uint8)
    image[:24] = 255
    frame = blend(image, room().gray, np.array([200, 100, 192, 192], np.int32), tilt_deg)
    turn = cv2.getRotationMatrix2D((295.5, 195.5), tilt_deg, 1.0)
    upright = cv2.warpAffine(frame, turn, (640, 480))
    assert upright[130:180, 270:320].min() > 250
    assert upright[210:260, 270:320].max() < 5


def test_a_directory_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no faces\.csv"):
        read_backgrounds(tmp_path)
    (tmp_path / "faces.csv").write_text("video,frame,x,y,w,h,score\n")
    with pytest.raises(ConfigError, match=r"the clips that faces\.csv names"):
        read_backgrounds(tmp_path)
