from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from common.face_model import LABELS
from tests.training.measure.plots.drawn_figures import points_of, texts_of
from tests.training.synthetic_faces import certain
from training.measure.plots.results import plot_confusion_matrix, plot_recall, plot_reliability
from training.metrics import measure, reliability_bins

# Three angry, two of them found, one happy taken for angry; nobody else.
TRUE = np.array([0, 0, 0, 3])
PROBABILITIES = certain([0, 0, 3, 0], 0.9, 0.9, 0.5, 0.9)


def test_each_cell_has_its_share_and_count(tmp_path: Path, figures: list[Figure]) -> None:
    plot_confusion_matrix(measure(PROBABILITIES, TRUE), tmp_path / "confusion.png")
    cells = texts_of(figures[0].axes[0])
    assert cells[0] == "67%\n2"
    assert cells[3] == "33%\n1"
    assert cells[3 * len(LABELS)] == "100%\n1"
    assert cells[len(LABELS)] == "0%\n0", "nobody is disgusted"


def test_a_bin_is_at_its_mean_confidence_and_accuracy(
    tmp_path: Path, figures: list[Figure]
) -> None:
    metrics = measure(PROBABILITIES, TRUE)
    plot_reliability(reliability_bins(PROBABILITIES, TRUE), metrics, tmp_path / "reliability.png")
    diagram, histogram = figures[0].axes
    (points,) = (line for line in diagram.lines if line.get_marker() == "o")
    assert points_of(points)[0] == pytest.approx([0.5, 0.9])
    assert points_of(points)[1] == pytest.approx([0.0, 2 / 3])
    # The gaps are 0.5 on one face and 0.9 - 2/3 on three.
    assert "calibration error 0.300" in diagram.get_title()
    assert "mean confidence 80.0 %, accuracy 50.0 %" in diagram.get_title()
    heights = np.asarray(histogram.patches[0].get_data().values)  # type: ignore[attr-defined]
    assert heights[[7, 13]] == pytest.approx([0.25, 0.75])


def test_a_label_without_faces_has_no_recall(tmp_path: Path, figures: list[Figure]) -> None:
    plot_recall(measure(PROBABILITIES, TRUE), tmp_path / "recall.png")
    (axes,) = figures[0].axes
    # Recall of angry and happy, then precision: angry 2 of 3, happy 0 of 1.
    assert texts_of(axes) == ["67%", "0%", "67%", "0%"]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[:4] == ["angry\n3 faces", "disgust\n0 faces", "fear\n0 faces", "happy\n1 faces"]
    intervals = [line for line in axes.lines if len(points_of(line)[0]) == 2]
    assert points_of(intervals[0])[0] == pytest.approx([0.2077, 0.9385], abs=1e-4)
