from __future__ import annotations

import cv2
import numpy as np
import pytest

from common.config import load_config
from common.errors import ConfigError
from common.pixels import Gray
from detector.config import DetectorConfig
from detector.detectors import DETECTORS
from detector.haar import HaarDetector
from detector.seen_face import SeenFace, boxes_of
from tests.support.scenes import background, frame_with_face, is_at, paste_face, portrait


@pytest.fixture(scope="module")
def detector() -> HaarDetector:
    return HaarDetector(DetectorConfig())


@pytest.mark.parametrize("face_px", [30, 45, 70, 110, 160, 220])
def test_finds_the_face_at_every_size(detector: HaarDetector, face_px: int) -> None:
    boxes = boxes_of(detector.find_faces(frame_with_face(320, 240, face_px)))
    assert boxes.dtype == np.int32
    assert boxes.shape == (1, 4)
    assert is_at(boxes[0], 320, 240, face_px)


def test_finds_a_mirrored_face(detector: HaarDetector) -> None:
    mirrored = np.ascontiguousarray(frame_with_face(200, 240)[:, ::-1])
    (face,) = detector.find_faces(mirrored)
    assert is_at(face.box, 440, 240, 90)


@pytest.mark.parametrize(("width", "height"), [(641, 479), (333, 257), (1279, 719), (301, 700)])
def test_finds_the_face_in_frames_of_odd_sizes(
    detector: HaarDetector, width: int, height: int
) -> None:
    gray = frame_with_face(width // 2, height // 2, 80, width, height)
    (face,) = detector.find_faces(gray)
    assert is_at(face.box, width // 2, height // 2, 80)


def test_boxes_of_a_shrunken_search_are_in_pixels_of_the_frame() -> None:
    detector = HaarDetector(DetectorConfig(search_width_px=480))
    (face,) = detector.find_faces(frame_with_face(1400, 300, 200, 1920, 1080))
    assert is_at(face.box, 1400, 300, 200)


def test_finds_two_faces_once_each(detector: HaarDetector) -> None:
    gray = frame_with_face(150, 200, 90)
    paste_face(gray, 480, 260, 60)
    boxes = sorted(boxes_of(detector.find_faces(gray)), key=lambda box: int(box[0]))
    assert len(boxes) == 2
    assert is_at(boxes[0], 150, 200, 90)
    assert is_at(boxes[1], 480, 260, 60)


def test_a_face_below_the_minimum_is_left_out() -> None:
    detector = HaarDetector(DetectorConfig(min_face=0.3))
    assert len(detector.find_faces(frame_with_face(320, 240, 60))) == 0


@pytest.mark.parametrize(
    "gray",
    [
        np.zeros((480, 640), np.uint8),
        np.full((480, 640), 255, np.uint8),
        background(),
        np.random.default_rng(5).integers(0, 256, (480, 640), np.uint8),
        np.zeros((1, 1), np.uint8),
        np.zeros((20, 640), np.uint8),
        np.zeros((4, 5000), np.uint8),
    ],
    ids=["black", "white", "ramp", "noise", "one pixel", "low", "ribbon"],
)
def test_a_frame_without_a_face_gives_no_boxes(detector: HaarDetector, gray: Gray) -> None:
    assert detector.find_faces(gray) == []


def test_finds_a_face_again_near_its_last_box(detector: HaarDetector) -> None:
    (face,) = detector.find_faces(frame_with_face(320, 240, 80))
    found = detector.find_face_near(frame_with_face(345, 225, 88), face)
    assert found is not None
    assert is_at(found.box, 345, 225, 88)


def test_a_face_outside_the_window_is_not_found_near(detector: HaarDetector) -> None:
    (face,) = detector.find_faces(frame_with_face(120, 240, 80))
    assert detector.find_face_near(frame_with_face(500, 240, 80), face) is None


@pytest.mark.parametrize(
    "box",
    [(-500, -500, 80, 80), (5000, 100, 80, 80), (100, 100, 0, 0), (600, 440, 9, 9)],
    ids=["left of the frame", "right of it", "empty", "tiny"],
)
def test_nothing_is_found_near_an_impossible_box(
    detector: HaarDetector, box: tuple[int, int, int, int]
) -> None:
    face = SeenFace(np.array(box, np.int32))
    assert detector.find_face_near(frame_with_face(320, 240), face) is None


def test_a_box_does_not_grow_while_the_picture_stands_still(detector: HaarDetector) -> None:
    gray = portrait()
    (first,) = detector.find_faces(gray)
    face = first
    for _ in range(30):
        found = detector.find_face_near(gray, face)
        assert found is not None
        face = found
    assert abs(int(face.box[2]) - int(first.box[2])) <= 0.06 * int(first.box[2])


def test_the_number_of_threads_does_not_change_the_boxes() -> None:
    gray = frame_with_face(150, 200, 90, 1280, 720)
    paste_face(gray, 700, 300, 120)
    paste_face(gray, 1050, 500, 60)
    before = cv2.getNumThreads()
    results = []
    try:
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            for _ in range(2):
                found = HaarDetector(DetectorConfig()).find_faces(gray)
                results.append(boxes_of(found).tolist())
    finally:
        cv2.setNumThreads(before)
    assert len(results[0]) == 3
    assert all(boxes == results[0] for boxes in results)


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("DETECTOR", "yolo", " or ".join(DETECTORS)),
        ("DETECTOR_MIN_FACE", "0", "a number from 0.01 to 1"),
        ("DETECTOR_MIN_FACE", "nan", "a number from 0.01 to 1"),
        ("DETECTOR_SEARCH_WIDTH", "79", "a whole number from 80 to 10000"),
        ("DETECTOR_INTERVAL", "0", "a whole number from 1 to 1000"),
    ],
)
def test_settings_out_of_range_are_refused(variable: str, value: str, allowed: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable}={value}: expected {allowed}"):
        load_config(DetectorConfig, "detector", [], {variable: value})
