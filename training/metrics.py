"""What probabilities are worth against labels. Plain numpy, so that every number can be checked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.face_model import LABELS, Probabilities

ECE_BINS = 15
"""As in Guo et al. (2017, arXiv:1706.04599), section 2."""
Z_95 = 1.959963984540054
"""Quantile of the normal distribution that leaves 2.5 % on each side."""
LEAST_PROBABILITY = 1e-12
"""A probability that rounded to 0 counts as this, so that one face cannot make the NLL infinite."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The worth of a model on one set of faces.

    Attributes:
        images: how many.
        accuracy: share whose most probable label is right.
        accuracy_interval: 95 % Wilson interval of it.
        macro_f1: mean F1 over the labels that occur.
        per_class_recall: for each label the share of its faces that is found; None without faces.
        confusion_matrix: 7 x 7 counts, true label by row, predicted by column.
        nll: mean negative log likelihood of the true label, nats.
        ece: expected calibration error, 15 bins.
    """

    images: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    per_class_recall: dict[str, float | None]
    confusion_matrix: list[list[int]]
    nll: float
    ece: float


def measure(probabilities: Probabilities, labels: NDArray[np.int64]) -> Metrics:
    """Compares ``(n, 7) float32`` probabilities with ``(n,) int64`` labels, n at least 1."""
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_counts(labels, predicted)
    right = int(np.trace(confusion))
    true_counts = confusion.sum(axis=1)
    return Metrics(
        images=len(labels),
        accuracy=right / len(labels),
        accuracy_interval=wilson_interval(right, len(labels)),
        macro_f1=_macro_f1(confusion),
        per_class_recall={
            name: float(confusion[row, row] / true_counts[row]) if true_counts[row] else None
            for row, name in enumerate(LABELS)
        },
        confusion_matrix=confusion.tolist(),
        nll=negative_log_likelihood(probabilities, labels),
        ece=expected_calibration_error(probabilities, labels),
    )


def confusion_counts(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns ``(7, 7) int64`` counts, true label by row, predicted by column."""
    count = len(LABELS)
    flat = np.bincount(labels * count + predicted, minlength=count * count)
    return flat.astype(np.int64).reshape(count, count)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Returns the 95 % interval of a share (Wilson, 1927, doi:10.1080/01621459.1927.10502953)."""
    share, z2 = successes / trials, Z_95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    half_width = Z_95 * spread / (1 + z2 / trials)
    return max(centre - half_width, 0.0), min(centre + half_width, 1.0)


def negative_log_likelihood(probabilities: Probabilities, labels: NDArray[np.int64]) -> float:
    """Returns the mean of ``-log p(true label)`` in nats."""
    of_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(of_truth, LEAST_PROBABILITY)).mean())


def expected_calibration_error(probabilities: Probabilities, labels: NDArray[np.int64]) -> float:
    """Returns the mean gap between confidence and accuracy over bins of equal width."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    # Bins are open below and closed above, as in Guo et al.
    bins = np.clip(np.ceil(confidence * ECE_BINS).astype(np.int64) - 1, 0, ECE_BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=ECE_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def _macro_f1(confusion: NDArray[np.int64]) -> float:
    """Returns the mean over the labels that occur of ``2 right / (true + predicted)``."""
    true_counts, predicted_counts = confusion.sum(axis=1), confusion.sum(axis=0)
    occurs = true_counts > 0
    f1 = 2 * np.diag(confusion)[occurs] / (true_counts + predicted_counts)[occurs]
    return float(f1.mean())
