from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from common.errors import ConfigError
from detector.config import DetectorConfig
from detector.dlib_hog import DlibDetector
from tests.support.scenes import background, frame_with_face, is_at

CONFIG = DetectorConfig(detector="dlib")


@pytest.fixture(scope="module")
def detector() -> DlibDetector:
    pytest.importorskip("dlib", reason="needs the extra dlib")
    return DlibDetector(CONFIG)


@pytest.mark.parametrize("face_px", [100, 160])
def test_finds_the_face_and_follows_it(detector: DlibDetector, face_px: int) -> None:
    (face,) = detector.find_faces(frame_with_face(320, 240, face_px))
    assert is_at(face.box, 320, 240, face_px)
    near = detector.find_face_near(frame_with_face(328, 236, face_px), face)
    assert near is not None
    assert is_at(near.box, 328, 236, face_px)
    assert detector.find_face_near(background(), face) is None


def test_boxes_of_a_shrunken_search_are_in_pixels_of_the_frame(detector: DlibDetector) -> None:
    (face,) = detector.find_faces(frame_with_face(1400, 300, 300, 1920, 1080))
    assert is_at(face.box, 1400, 300, 300)


def test_a_crop_is_larger_than_the_box_and_above_its_middle(detector: DlibDetector) -> None:
    (face,) = detector.find_faces(frame_with_face(320, 240, 160))
    square = detector.crop_square(face)
    x, y, width, height = face.box.tolist()
    assert square.side == pytest.approx(1.14 * max(width, height), abs=1)
    assert square.left + square.side / 2 == pytest.approx(x + width / 2, abs=1)
    assert square.top + square.side / 2 == pytest.approx(y + height / 2 - 0.06 * square.side, abs=1)


def test_a_frame_without_a_face_gives_none(detector: DlibDetector) -> None:
    assert detector.find_faces(background()) == []
    assert detector.find_faces(np.zeros((4, 5000), np.uint8)) == []
    assert detector.find_faces(np.zeros((50_000, 1), np.uint8)) == []


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_dlib(name: str, *others: Any) -> Any:
        if name == "dlib":
            raise ImportError
        return real(name, *others)

    monkeypatch.setattr(builtins, "__import__", no_dlib)
    with pytest.raises(ConfigError, match=r"DETECTOR=dlib: .*pip install '.\[dlib\]'"):
        DlibDetector(CONFIG)
