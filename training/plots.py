"""The pictures of a run: learning curves and a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from common.face_model import LABELS
from training.history import EpochRecord
from training.metrics import Metrics

DPI = 120


def plot_learning_curves(history: Sequence[EpochRecord], file: Path) -> None:
    """Draws accuracy and loss by epoch, of training and validation, to a PNG."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    accuracy, loss = figure.subplots(1, 2)
    epochs = [record.epoch for record in history]
    for axes, name in ((accuracy, "accuracy"), (loss, "loss")):
        for split, colour in (("train", "tab:blue"), ("validation", "tab:orange")):
            values = [float(getattr(record, f"{split}_{name}")) for record in history]
            marker = "o" if len(history) == 1 else None
            axes.plot(epochs, values, color=colour, marker=marker, label=_CURVES[split])
        for before, after in pairwise(history):
            if before.size_px != after.size_px:
                axes.axvline(before.epoch + 0.5, color="0.6", linestyle=":", linewidth=1)
        axes.set_xlabel("epoch (dotted line: larger images from here on)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    accuracy.set_title("Accuracy")
    accuracy.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    loss.set_title("Loss (cross-entropy, nats)")
    _save(figure, file)


_CURVES = {
    "train": "training (augmented, weights as they are)",
    "validation": "validation (averaged weights)",
}


def plot_confusion_matrix(metrics: Metrics, file: Path) -> None:
    """Draws shares of each true label, with the counts, to a PNG."""
    counts = np.array(metrics.confusion_matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    notes = np.array(
        [
            [f"{share:.0%}\n{count}" for share, count in zip(*rows, strict=True)]
            for rows in zip(shares, counts, strict=True)
        ]
    )
    figure = Figure(figsize=(7.6, 6.4), layout="constrained")
    axes = figure.subplots()
    sns.heatmap(
        shares,
        ax=axes,
        annot=notes,
        fmt="",
        cmap="Blues",
        vmin=0.0,
        vmax=1.0,
        square=True,
        xticklabels=LABELS,
        yticklabels=LABELS,
        cbar_kws={"label": "share of the true label", "format": PercentFormatter(1.0)},
    )
    low, high = metrics.accuracy_interval
    axes.set_title(
        f"{metrics.images} faces, accuracy {metrics.accuracy:.1%} ({low:.1%} to {high:.1%})"
    )
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    _save(figure, file)


def _save(figure: Figure, file: Path) -> None:
    """Writes a PNG without pyplot, which would keep global state and want a display."""
    figure.savefig(file, dpi=DPI, metadata={"Software": "ferstream"})
