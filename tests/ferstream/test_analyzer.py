"""Tests of what programs call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import ferstream
from capture.sources.images import read_image
from common.face_model import LABELS
from tests.support.scenes import FACE_PX, colour_portrait, colour_scene


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("portrait") / "astronaut.png"
    cv2.imwrite(str(path), colour_portrait())
    return path


def test_a_face_in_an_image_is_found_and_judged(portrait: Path) -> None:
    (face,) = ferstream.analyze(portrait)
    assert face.box[2] == pytest.approx(FACE_PX, rel=0.3)
    assert face.label == "happy"
    assert face.confidence == max(face.probabilities.values())
    assert tuple(face.probabilities) == LABELS
    assert sum(face.probabilities.values()) == pytest.approx(1)
    assert face.roll_deg is None


def test_pixels_are_taken_as_a_file_is(portrait: Path) -> None:
    bgr = read_image(portrait)
    assert list(ferstream.analyze(bgr)) == list(ferstream.analyze(str(portrait)))
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    assert len(ferstream.analyze(grey)) == 1


def test_yunet_tells_how_a_head_is_turned() -> None:
    (face,) = ferstream.analyze(colour_scene(30), detector="yunet")
    assert face.roll_deg == pytest.approx(30, abs=15)


def test_a_face_turned_too_far_is_not_judged() -> None:
    analyzer = ferstream.Analyzer(detector="yunet", max_turn_deg=0)
    (face,) = analyzer.analyze(colour_scene())
    assert (face.label, face.confidence, face.probabilities) == ("turned away", None, {})


def test_a_notebook_shows_the_picture_and_a_table(portrait: Path) -> None:
    faces = ferstream.analyze(portrait)
    html = faces._repr_html_()
    assert html.startswith('<img alt="1 face"')
    assert "<td>happy</td>" in html
    drawn = faces.picture()
    assert drawn.shape == faces.image.shape
    assert (drawn != faces.image).any()


def test_an_image_without_a_face_has_none() -> None:
    faces = ferstream.analyze(np.zeros((60, 80, 3), np.uint8))
    assert list(faces) == []
    assert repr(faces) == "<Faces: none>"
    assert "<tbody></tbody>" in faces._repr_html_()


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("nowhere.png", "nowhere.png: cannot be read"),
        (np.zeros((4, 4, 3), np.float32), "float32"),
    ],
)
def test_what_is_no_image_is_said(image: object, words: str) -> None:
    with pytest.raises(ferstream.SourceError, match=words):
        ferstream.analyze(image)  # type: ignore[arg-type]


def test_a_wrong_setting_names_what_is_allowed() -> None:
    with pytest.raises(ferstream.ConfigError, match="DETECTOR=har: expected haar or yunet or dlib"):
        ferstream.analyze(np.zeros((4, 4, 3), np.uint8), detector="har")
    with pytest.raises(TypeError, match="min_fase"):
        ferstream.Analyzer(min_fase=0.1)


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ferstream.SourceError, match=r"talk\.mp4: does not exist"):
        ferstream.analyze_video(tmp_path / "talk.mp4")


def test_a_folder_of_images_is_judged_image_by_image(tmp_path: Path, portrait: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(portrait.read_bytes())
    rows = ferstream.analyze_video(tmp_path, progress=False).to_pylist()
    assert [(row["frame_id"], row["track_id"], row["label"]) for row in rows] == [
        (0, 1, "happy"),
        (1, 2, "happy"),
    ]
    assert all(row["shown"] for row in rows)


def test_the_threads_of_opencv_are_as_the_program_had_set_them(portrait: Path) -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        ferstream.analyze(portrait)
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_import_brings_no_tensorflow_and_nothing_of_the_pipeline() -> None:
    program = "import sys, ferstream; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"tensorflow", "keras", "flask", "zmq", "matplotlib"} & set(found)


def test_an_image_that_is_cut_short_has_failed_and_the_others_are_judged(
    tmp_path: Path, portrait: Path
) -> None:
    cv2.imwrite(str(tmp_path / "b.jpg"), read_image(portrait))
    for name in ("a.jpg", "c.jpg"):
        (tmp_path / name).write_bytes((tmp_path / "b.jpg").read_bytes())
    (tmp_path / "a.jpg").write_bytes((tmp_path / "b.jpg").read_bytes()[:9000])
    rows = ferstream.analyze_video(tmp_path, progress=False).to_pylist()
    assert [(row["source"], row["track_id"], row["label"]) for row in rows] == [
        ("a.jpg", None, "failed"),
        ("b.jpg", 1, "happy"),
        ("c.jpg", 2, "happy"),
    ]
