from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from common.face_model import LABELS
from tests.training.synthetic_faces import certain
from training.metrics import (
    Share,
    expected_calibration_error,
    label_scores,
    measure,
    negative_log_likelihood,
    reliability_bins,
    wilson_interval,
)


def test_numbers_agree_with_scikit_learn() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 7, 500)
    probabilities = random.dirichlet(np.ones(7), 500).astype(np.float32)
    metrics = measure(probabilities, labels)
    predicted = probabilities.argmax(axis=1)
    assert metrics.macro_f1 == pytest.approx(f1_score(labels, predicted, average="macro"))
    expected = log_loss(labels, probabilities, labels=np.arange(7))
    assert metrics.nll == pytest.approx(expected, rel=1e-4)
    assert np.array(metrics.confusion_matrix).sum() == 500
    assert list(metrics.per_class_recall) == list(LABELS)


def test_the_wilson_interval_is_that_of_the_textbook() -> None:
    # Agresti and Coull (1998) give 0.0 to 0.2775 for 0 of 10 and 0.490 to 0.943 for 8 of 10.
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(10, 10)[1] == pytest.approx(1.0)


def test_a_certain_mistake_does_not_make_the_likelihood_infinite() -> None:
    assert math.isfinite(negative_log_likelihood(certain([0], 1.0), np.array([1])))


def test_a_confidence_of_one_is_in_the_last_bin() -> None:
    sure = np.zeros((1, 7), dtype=np.float32)
    sure[0, 2] = 1.0
    bins = reliability_bins(sure, np.array([2]))
    assert bins.faces.tolist() == [*[0] * 14, 1]
    assert bins.right.tolist() == [*[0] * 14, 1]


def test_reliability_bins_have_their_means_and_sum_to_the_calibration_error() -> None:
    probabilities = certain([0, 0, 0, 0], 0.9, 0.9, 0.9, 0.5)
    labels = np.array([0, 0, 1, 0])
    bins = reliability_bins(probabilities, labels)
    assert bins.accuracy[[7, 13]] == pytest.approx([1.0, 2 / 3])
    assert bins.confidence[[7, 13]] == pytest.approx([0.5, 0.9])
    assert np.isnan(bins.accuracy[0])
    assert np.isnan(bins.confidence[0])
    # Three faces at 0.9, two right: gap |2/3 - 0.9|; one at 0.5, right: gap 0.5.
    error = (3 * (0.9 - 2 / 3) + 0.5) / 4
    assert expected_calibration_error(probabilities, labels) == pytest.approx(error, abs=1e-6)


def test_a_label_has_recall_by_its_faces_and_precision_by_its_predictions() -> None:
    # Two angry, one found; one happy, found; one neutral, taken for happy.
    scores = label_scores(measure(certain([0, 3, 3, 3], *[0.7] * 4), np.array([0, 0, 3, 6])))
    angry, disgust, happy = scores[0], scores[1], scores[3]
    assert [score.label for score in scores] == list(LABELS)
    assert (angry.faces, disgust.faces, happy.faces) == (2, 0, 1)
    assert angry.recall == Share(0.5, *wilson_interval(1, 2))
    assert angry.precision == Share(1.0, *wilson_interval(1, 1))
    assert happy.precision == Share(1 / 3, *wilson_interval(1, 3))
    assert disgust.recall is None
    assert disgust.precision is None
