"""The command that measures on faces without a near copy in training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.synthetic_faces import make_faces, write_folder
from training.data.likeness import Likeness
from training.near_copies import PICTURE, divide, main


def test_both_parts_are_measured_by_themselves() -> None:
    faces = make_faces(28, seed=1)
    right = np.eye(7, dtype=np.float32)[faces.labels]
    wrong = np.roll(right, 1, axis=1)
    likeness = Likeness(np.linspace(0.8, 1.0, 28, dtype=np.float32), np.zeros(28, np.int64))
    has_copy = likeness.correlation >= 0.95
    found = divide(np.where(has_copy[:, None], right, wrong), faces, likeness, 0.95)
    assert found.with_copy
    assert found.without_copy
    assert (found.with_copy.images, found.without_copy.images) == (
        has_copy.sum(),
        (~has_copy).sum(),
    )
    assert (found.with_copy.accuracy, found.without_copy.accuracy) == (1.0, 0.0)
    assert divide(right, faces, likeness, 1.1).with_copy is None
    assert divide(right, faces, likeness, 0.5).without_copy is None


def test_the_command_finds_copies_that_are_not_identical(
    tmp_path: Path, ignorant: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    validation = make_faces(14, seed=1, first=100)
    first = validation.take(np.arange(5))
    darker = (first.images // 2).astype(np.uint8)
    copies = replace(first, images=darker, names=tuple(f"copy{n}" for n in range(5)))
    write_folder(tmp_path / "data", "train", copies)
    write_folder(tmp_path / "data", "validation", validation)
    out = tmp_path / "out" / "near.json"
    arguments = ["--model", str(ignorant), "--data", str(tmp_path / "data"), "--json", str(out)]
    assert main([*arguments, "--plots", str(tmp_path / "plots")]) == 0
    strictest = json.loads(out.read_text())["divisions"][0]
    assert strictest["least_correlation"] == 0.97
    assert strictest["with_copy"]["images"] >= 5
    assert "| (all faces) | | | 14 |" in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / "plots" / PICTURE)) is not None
