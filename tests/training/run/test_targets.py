from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.errors import ConfigError, ModelError
from common.face_model import LABELS
from common.json_files import write_json
from tests.training.synthetic_faces import make_faces, voted_as
from training.config import TrainingConfig
from training.data.faces import content_sha256
from training.run.targets import check_teacher, label_targets, teacher_sha256


def test_without_a_teacher_the_target_is_the_smoothed_label() -> None:
    faces = make_faces(14, seed=1)
    targets = label_targets(faces, TrainingConfig(label_smoothing=0.07))
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(targets.max(axis=1), 0.94, rtol=1e-6)
    np.testing.assert_array_equal(targets.argmax(axis=1), faces.labels)


def test_votes_overrule_labels_that_are_wrong(ignorant: Path) -> None:
    right = make_faces(700, seed=2)
    wrong = np.arange(700) < 140
    labels = np.where(wrong, (right.labels + 3) % len(LABELS), right.labels)
    noisy = voted_as(replace(right, labels=labels), right.labels)
    config = TrainingConfig(teacher=str(ignorant), teacher_share=1.0)
    targets = label_targets(noisy, config)
    np.testing.assert_allclose(targets.sum(axis=1), 1.0, rtol=1e-4)
    assert (targets.argmax(axis=1) == right.labels)[wrong].mean() > 0.9


def test_the_share_is_that_of_the_teacher(ignorant: Path) -> None:
    faces = make_faces(70, seed=3)
    whole, half, none = (
        label_targets(faces, TrainingConfig(teacher=str(ignorant), teacher_share=share))
        for share in (1.0, 0.5, 0.0)
    )
    np.testing.assert_allclose(half, (whole + none) / 2, atol=1e-5)
    np.testing.assert_allclose(none, label_targets(faces, TrainingConfig()), atol=1e-6)


def test_a_teacher_that_was_chosen_by_other_faces_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    validation = make_faces(7, seed=4)
    config = TrainingConfig(teacher=str(tmp_path / "teacher.onnx"))
    check_teacher(config, validation)
    assert "no manifest.json beside" in capsys.readouterr().out
    for chosen_by, fits in ((validation, True), (make_faces(7, seed=5), False)):
        known = content_sha256(make_faces(9, seed=6)) + content_sha256(chosen_by)
        write_json(tmp_path / "manifest.json", {"data": {"content_sha256": known}})
        with nullcontext() if fits else pytest.raises(ConfigError, match="chosen by other faces"):
            check_teacher(config, validation)
    check_teacher(TrainingConfig(), validation)


def test_a_teacher_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match=r"--teacher .*nobody\.onnx is not there"):
        teacher_sha256(TrainingConfig(teacher="runs/nobody.onnx"))
    assert teacher_sha256(TrainingConfig()) == ""
