from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from common.face_model import LABELS
from tests.training.measure.plots.drawn_figures import PNG_START, texts_of
from tests.training.synthetic_faces import certain, make_faces, with_ballots
from training.measure.plots.mistakes import (
    COLUMNS,
    MAX_ROWS,
    misclassified_rows,
    plot_misclassified,
)

FACES = make_faces(4, seed=1)  # angry, disgust, fear, happy
PROBABILITIES = certain([3, 1, 4, 6], 0.6, 0.9, 0.8, 0.7)  # only disgust is right


def test_mistakes_come_most_confident_first() -> None:
    assert misclassified_rows(PROBABILITIES, FACES).tolist() == [2, 3, 0]


def test_each_mistake_has_its_label_prediction_and_votes(
    tmp_path: Path, figures: list[Figure]
) -> None:
    faces = with_ballots(
        FACES,
        {"happiness": 5, "anger": 5},
        {"disgust": 10},
        {"sadness": 8, "fear": 2},
        {"NF": 9, "happiness": 1},
    )
    plot_misclassified(PROBABILITIES, faces, tmp_path / "mistakes.png")
    (axes,) = figures[0].axes
    assert texts_of(axes) == [
        *("label: fear", "model: sad 80%", "voters: sad 80%"),
        *("label: happy", "model: neutral 70%", "voters: no face 90%"),
        *("label: angry", "model: happy 60%", "voters: undecided"),
    ]
    assert "3 of 4 faces are misclassified" in axes.get_title()
    assert "what the model says on 1 (green below), what the label says on 0" in axes.get_title()
    green = [to_rgba(text.get_color()) == to_rgba("tab:green") for text in axes.texts[2::3]]
    assert green == [True, False, False]
    sheet = np.asarray(axes.images[0].get_array(), dtype=np.uint8)
    assert np.array_equal(sheet[:48, :48], faces.images[2])


def test_without_votes_nothing_is_said_of_voters(tmp_path: Path, figures: list[Figure]) -> None:
    plot_misclassified(
        PROBABILITIES, with_ballots(FACES, {}, {}, {}, {}), tmp_path / "mistakes.png"
    )
    (axes,) = figures[0].axes
    assert len(axes.texts) == 2 * 3
    assert "voters" not in " ".join([*texts_of(axes), axes.get_title()])


def test_the_picture_does_not_grow_with_the_number_of_mistakes(
    tmp_path: Path, figures: list[Figure]
) -> None:
    faces = make_faces(100, seed=1)
    wrong = ((faces.labels + 1) % len(LABELS)).tolist()
    plot_misclassified(certain(wrong, *[0.5] * 100), faces, tmp_path / "mistakes.png")
    (axes,) = figures[0].axes
    assert len(axes.texts) == 3 * COLUMNS * MAX_ROWS
    assert "these 36 are the most confident" in axes.get_title()


def test_a_model_without_mistakes_has_a_picture_too(tmp_path: Path) -> None:
    file = tmp_path / "mistakes.png"
    plot_misclassified(certain(FACES.labels.tolist(), *[0.9] * 4), FACES, file)
    assert file.read_bytes().startswith(PNG_START)
