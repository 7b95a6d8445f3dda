"""Tests of the shapes of other libraries, ``fer`` itself beside ours."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

import ferstream
from common.face_model import LABELS
from ferstream.faces import Face, Faces
from tests.support.scenes import colour_portrait

FER = Path(__file__).resolve().parents[2] / ".venv-fer"
"""``make check`` and ``make bench`` make it."""
ASK_FER = """
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import cv2
from fer.fer import FER
found = FER(mtcnn=False).detect_emotions(cv2.imread(sys.argv[1]))
print(json.dumps([
    {
        "keys": list(face),
        "box": [type(face["box"]).__name__, str(face["box"].dtype), face["box"].tolist()],
        "emotions": face["emotions"],
    }
    for face in found
]))
"""

PROBABILITIES = dict(zip(LABELS, (0.104, 0.0, 0.05, 0.6, 0.1, 0.046, 0.1), strict=True))
FACES = Faces(
    np.zeros((40, 60, 3), np.uint8),
    (
        Face((1, 2, 30, 20), "happy", 0.6, PROBABILITIES),
        Face((5, 6, 7, 8), "turned away", None, {}),
    ),
)


def test_faces_as_fer_has_them_beside_those_of_fer(tmp_path: Path) -> None:
    if not (FER / ".installed").exists():
        pytest.skip("no fer to compare with: make .venv-fer/.installed")
    image = tmp_path / "astronaut.png"
    cv2.imwrite(str(image), colour_portrait())
    said = subprocess.run(
        [FER / "bin" / "python", "-c", ASK_FER, image],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    ).stdout
    (theirs,) = json.loads(said.splitlines()[-1])
    (ours,) = ferstream.as_fer(ferstream.analyze(image))
    assert list(ours) == theirs["keys"]
    kind, dtype, box = theirs["box"]
    assert (type(ours["box"]).__name__, str(ours["box"].dtype)) == (kind, dtype)
    assert list(ours["emotions"]) == list(theirs["emotions"])
    assert all(type(value) is float for value in ours["emotions"].values())
    assert ours["box"].tolist() == pytest.approx(box, abs=30)
    assert max(ours["emotions"], key=ours["emotions"].__getitem__) == "happy"
    assert max(theirs["emotions"], key=theirs["emotions"].__getitem__) == "happy"


def test_as_fer_rounds_and_leaves_out_who_is_turned_away() -> None:
    (face,) = ferstream.as_fer(FACES)
    assert face["box"].tolist() == [1, 2, 30, 20]
    assert face["emotions"]["angry"] == 0.1
    assert tuple(face["emotions"]) == LABELS


def test_as_deepface_has_percentages_and_a_region() -> None:
    (face,) = ferstream.as_deepface(FACES)
    assert face["dominant_emotion"] == "happy"
    assert face["emotion"]["happy"] == pytest.approx(60)
    assert sum(face["emotion"].values()) == pytest.approx(100)
    assert face["region"] == {"x": 1, "y": 2, "w": 30, "h": 20, "left_eye": None, "right_eye": None}
    assert face["face_confidence"] == 1.0
