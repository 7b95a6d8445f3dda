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
        images: Number of faces.
        accuracy: Share whose most probable label is right.
        accuracy_interval: 95 % Wilson interval of it.
        macro_f1: Mean F1 over the labels that occur.
        per_class_recall: For each label the share of its faces that is found; None without faces.
        confusion_matrix: 7 x 7 counts, true label by row, predicted by column.
        nll: Mean negative log likelihood of the true label, nats.
        ece: Expected calibration error, 15 bins.
    """

    images: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    per_class_recall: dict[str, float | None]
    confusion_matrix: list[list[int]]
    nll: float
    ece: float


@dataclass(frozen=True, slots=True)
class Share:
    """A share of faces, and its 95 % Wilson interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LabelScores:
    """What a model is worth on one label.

    Attributes:
        label: Its name.
        faces: Number of faces that truly have it.
        recall: Share of those that is predicted so; None without such faces.
        precision: Share of the faces predicted so that truly have it; None without such faces.
    """

    label: str
    faces: int
    recall: Share | None
    precision: Share | None


@dataclass(frozen=True, slots=True)
class ReliabilityBins:
    """Faces by confidence, the probability of their predicted label, in bins of equal width.

    Attributes:
        faces: ``(15,) int64`` number in each bin.
        right: ``(15,) int64`` number of those that are predicted right.
        gaps: ``(15,) float64`` ``right`` less the sum of their confidences.
    """

    faces: NDArray[np.int64]
    right: NDArray[np.int64]
    gaps: NDArray[np.float64]

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """``(15,) float64`` share that is right, nan where there are no faces."""
        return np.where(self.faces, self.right / np.maximum(self.faces, 1), np.nan)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """``(15,) float64`` mean confidence, nan where there are no faces."""
        mean = (self.right - self.gaps) / np.maximum(self.faces, 1)
        return np.where(self.faces, mean, np.nan)


def measure(probabilities: Probabilities, labels: NDArray[np.int64]) -> Metrics:
    """Compare ``(n, 7) float32`` probabilities with ``(n,) int64`` labels, n at least 1."""
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
    """Return ``(7, 7) int64`` counts, true label by row, predicted by column."""
    count = len(LABELS)
    flat = np.bincount(labels * count + predicted, minlength=count * count)
    return flat.astype(np.int64).reshape(count, count)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927, doi:10.1080/01621459.1927.10502953)."""
    share, z2 = successes / trials, Z_95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    half_width = Z_95 * spread / (1 + z2 / trials)
    return max(centre - half_width, 0.0), min(centre + half_width, 1.0)


def percent(share: float) -> str:
    """Word a share as all figures of accuracy are written: ``71.1 %``."""
    return f"{100 * share:.1f} %"


def percent_with_interval(share: float, interval: tuple[float, float]) -> str:
    """Word a share and its interval: ``71.1 % (69.6 to 72.5)``."""
    low, high = interval
    return f"{percent(share)} ({100 * low:.1f} to {100 * high:.1f})"


def negative_log_likelihood(probabilities: Probabilities, labels: NDArray[np.int64]) -> float:
    """Return the mean of ``-log p(true label)`` in nats."""
    of_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(of_truth, LEAST_PROBABILITY)).mean())


def expected_calibration_error(probabilities: Probabilities, labels: NDArray[np.int64]) -> float:
    """Return the mean gap between confidence and accuracy over bins of equal width."""
    gaps = reliability_bins(probabilities, labels).gaps
    return float(np.abs(gaps).sum() / len(labels))


def reliability_bins(probabilities: Probabilities, labels: NDArray[np.int64]) -> ReliabilityBins:
    """Sort ``(n, 7) float32`` probabilities of ``(n,) int64`` labels into bins of confidence."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    # Bins are open below and closed above, as in Guo et al.
    bins = np.clip(np.ceil(confidence * ECE_BINS).astype(np.int64) - 1, 0, ECE_BINS - 1)
    return ReliabilityBins(
        faces=np.bincount(bins, minlength=ECE_BINS).astype(np.int64),
        right=np.bincount(bins[right], minlength=ECE_BINS).astype(np.int64),
        gaps=np.bincount(bins, right - confidence, ECE_BINS).astype(np.float64),
    )


def label_scores(metrics: Metrics) -> tuple[LabelScores, ...]:
    """Return recall and precision of each label, in the order of ``LABELS``."""
    confusion = np.array(metrics.confusion_matrix, dtype=np.int64)
    true_counts, predicted_counts = confusion.sum(axis=1), confusion.sum(axis=0)
    return tuple(
        LabelScores(
            label=name,
            faces=int(true_counts[row]),
            recall=_share(int(confusion[row, row]), int(true_counts[row])),
            precision=_share(int(confusion[row, row]), int(predicted_counts[row])),
        )
        for row, name in enumerate(LABELS)
    )


def _share(successes: int, trials: int) -> Share | None:
    return Share(successes / trials, *wilson_interval(successes, trials)) if trials else None


def _macro_f1(confusion: NDArray[np.int64]) -> float:
    """Return the mean over the labels that occur of ``2 right / (true + predicted)``."""
    true_counts, predicted_counts = confusion.sum(axis=1), confusion.sum(axis=0)
    occurs = true_counts > 0
    f1 = 2 * np.diag(confusion)[occurs] / (true_counts + predicted_counts)[occurs]
    return float(f1.mean())
