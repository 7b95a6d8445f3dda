from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.training.synthetic_faces import make_faces
from training.config import TrainingConfig
from training.measure.pictures import PICTURES_OF_DATA, PICTURES_OF_MODEL
from training.measure.plots.drawing import draw_evaluation, draw_progress
from training.metrics import measure


def test_the_pictures_have_the_names_under_which_the_report_looks_for_them(tmp_path: Path) -> None:
    faces = make_faces(14, seed=1)
    draw_progress(faces, TrainingConfig(), tmp_path, (), 0)
    assert {file.name for file in tmp_path.iterdir()} == {p.name for p in PICTURES_OF_DATA}
    probabilities = np.random.default_rng(1).dirichlet(np.ones(7), 14).astype(np.float32)
    draw_evaluation(probabilities, faces, measure(probabilities, faces.labels), tmp_path)
    expected = {picture.name for picture in (*PICTURES_OF_DATA, *PICTURES_OF_MODEL)}
    assert {file.name for file in tmp_path.iterdir()} == expected
