"""Draws the pictures of a run into a folder, under the names in ``training.measure.pictures``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from common.face_model import Probabilities
from training.config import TrainingConfig
from training.data.faces import FaceSet
from training.measure.pictures import (
    AUGMENTED_SAMPLES,
    CONFUSION_MATRIX,
    LEARNING_CURVES,
    MISCLASSIFIED,
    RECALL,
    RELIABILITY,
    SAMPLES,
)
from training.measure.plots.curves import plot_learning_curves
from training.measure.plots.faces import plot_augmented_samples, plot_samples
from training.measure.plots.mistakes import plot_misclassified
from training.measure.plots.results import plot_confusion_matrix, plot_recall, plot_reliability
from training.metrics import Metrics, reliability_bins
from training.run.history import EpochRecord


def draw_progress(
    train: FaceSet,
    config: TrainingConfig,
    folder: Path,
    history: Sequence[EpochRecord],
    best_epoch: int,
) -> None:
    """Draw how a run goes; before its first epoch what it learns from, as it is and augmented.

    Args:
        train: The faces to learn from.
        config: Hyperparameters of the run.
        folder: The run's folder; it exists.
        history: One record an epoch that is done.
        best_epoch: Number of the epoch to mark.
    """
    if history:
        plot_learning_curves(history, best_epoch, folder / LEARNING_CURVES.name)
    else:
        plot_samples(train, config.seed, folder / SAMPLES.name)
        plot_augmented_samples(train, config, folder / AUGMENTED_SAMPLES.name)


def draw_evaluation(
    probabilities: Probabilities, faces: FaceSet, metrics: Metrics, folder: Path
) -> None:
    """Draw what a model is worth.

    Args:
        probabilities: ``(n, 7) float32``, of ``faces`` in their order.
        faces: The faces that it was measured on.
        metrics: What was measured.
        folder: Where to draw; it exists.
    """
    plot_confusion_matrix(metrics, folder / CONFUSION_MATRIX.name)
    bins = reliability_bins(probabilities, faces.labels)
    plot_reliability(bins, metrics, folder / RELIABILITY.name)
    plot_recall(metrics, folder / RECALL.name)
    plot_misclassified(probabilities, faces, folder / MISCLASSIFIED.name)
