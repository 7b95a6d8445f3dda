from __future__ import annotations

import pytest

from common.errors import ConfigError
from detector.config import DetectorConfig
from detector.detectors import DETECTORS, create_detector
from detector.haar import HaarDetector
from detector.yunet_network import bundled_file
from tests.support.scenes import colour_scene, frame_with_face


def test_the_default_detector_is_haar() -> None:
    assert isinstance(create_detector(DetectorConfig()), HaarDetector)


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_finds_a_face_and_says_what_its_crop_shows(name: str) -> None:
    if name == "dlib":
        pytest.importorskip("dlib", reason="needs the extra dlib")
    detector = create_detector(DetectorConfig(detector=name))
    frame = colour_scene() if detector.colour else frame_with_face(320, 240, 98)
    (face,) = detector.find_faces(frame)
    square = detector.crop_square(face)
    assert square.left + square.side / 2 == pytest.approx(320, abs=10)
    assert square.top + square.side / 2 == pytest.approx(240, abs=15)
    assert 80 < square.side < 150


@pytest.mark.parametrize("name", ["haar", "dlib"])
def test_a_model_for_a_detector_without_one_is_refused(name: str) -> None:
    config = DetectorConfig(detector=name, model=bundled_file())
    with pytest.raises(ConfigError, match=rf"DETECTOR_MODEL=.*: DETECTOR={name} has no model"):
        create_detector(config)
