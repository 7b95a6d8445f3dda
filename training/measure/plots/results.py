"""Draws what a model is worth: what it confuses, how sure it is, what it finds of each label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from common.face_model import LABELS
from training.measure.plots.figures import new_figure, save_png
from training.metrics import (
    ECE_BINS,
    Metrics,
    ReliabilityBins,
    Share,
    label_scores,
    percent,
    percent_with_interval,
    wilson_interval,
)


def plot_confusion_matrix(metrics: Metrics, file: Path) -> None:
    """Draw shares of each true label, with the counts, to a PNG."""
    counts = np.array(metrics.confusion_matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    notes = np.array(
        [
            [f"{share:.0%}\n{count}" for share, count in zip(*rows, strict=True)]
            for rows in zip(shares, counts, strict=True)
        ]
    )
    figure = new_figure(7.6, 6.4)
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
    axes.set_title(_headline(metrics))
    axes.tick_params(axis="y", labelrotation=0)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    save_png(figure, file)


def plot_reliability(bins: ReliabilityBins, metrics: Metrics, file: Path) -> None:
    """Draw accuracy by confidence with 95 % Wilson intervals, and where the faces are, to a PNG.

    The diagram is that of Guo et al. (2017, arXiv:1706.04599), figure 1, but with each bin at its
    mean confidence: the distance to the diagonal is then exactly what the calibration error sums.

    Args:
        bins: Bins of the same faces as ``metrics``.
        metrics: The metrics whose calibration error stands in the title.
        file: The PNG to write.
    """
    figure = new_figure(6.8, 6.8)
    diagram, histogram = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    _plot_calibration(diagram, bins)
    mean_confidence = (bins.right - bins.gaps).sum() / bins.faces.sum()
    diagram.set_title(
        f"{metrics.images} faces, expected calibration error {metrics.ece:.3f}\n"
        f"mean confidence {percent(mean_confidence)}, accuracy {percent(metrics.accuracy)}"
    )
    edges = np.arange(ECE_BINS + 1) / ECE_BINS
    histogram.stairs(bins.faces / bins.faces.sum(), edges, fill=True, color="tab:blue", alpha=0.5)
    histogram.set_ylabel("share of faces")
    histogram.set_xlabel("confidence: probability of the predicted label")
    for axis in (diagram.yaxis, histogram.yaxis, histogram.xaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    for axes in (diagram, histogram):
        axes.grid(alpha=0.3)
    histogram.set_xlim(0.0, 1.0)
    save_png(figure, file)


def _plot_calibration(axes: Axes, bins: ReliabilityBins) -> None:
    """Draw a point with its interval for each bin that has faces."""
    used = np.flatnonzero(bins.faces)
    confidence, accuracy = bins.confidence[used], bins.accuracy[used]
    intervals = [wilson_interval(int(bins.right[row]), int(bins.faces[row])) for row in used]
    low, high = np.array(intervals).T
    reach = np.abs(np.stack([accuracy - low, high - accuracy]))  # rounding can make it -1e-17
    axes.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=1, label="calibrated")
    axes.vlines(
        confidence, confidence, accuracy, color="tab:red", linewidth=8, alpha=0.35, label="gap"
    )
    axes.errorbar(
        confidence,
        accuracy,
        yerr=reach,
        fmt="o",
        color="tab:blue",
        capsize=3,
        label="accuracy, 95% interval",
    )
    axes.set_ylim(0.0, 1.0)
    axes.set_ylabel("accuracy: share that is right")
    axes.legend(loc="upper left")


def plot_recall(metrics: Metrics, file: Path) -> None:
    """Draw recall and precision of each label with 95 % Wilson intervals to a PNG."""
    scores = label_scores(metrics)
    figure = new_figure(8.0, 5.2)
    axes = figure.subplots()
    for shift, colour, marker, name in (
        (-0.14, "tab:blue", "o", "recall"),
        (0.14, "tab:orange", "s", "precision"),
    ):
        for row, score in enumerate(scores):
            share: Share | None = getattr(score, name)
            if share is not None:
                _plot_share(axes, share, row + shift, colour, marker)
        axes.plot([], [], marker=marker, color=colour, label=f"{name}, 95% interval")
    axes.set_yticks(range(len(scores)), [f"{s.label}\n{s.faces} faces" for s in scores])
    axes.set_ylim(len(scores) - 0.5, -0.5)
    axes.set_xlim(0.0, 1.0)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(alpha=0.3, axis="x")
    axes.set_title(_headline(metrics))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    save_png(figure, file)


def _plot_share(axes: Axes, share: Share, height: float, colour: str, marker: str) -> None:
    """Draw one share with its interval and, right of it, its value."""
    axes.plot([share.low, share.high], [height, height], color=colour, linewidth=2)
    axes.plot(share.value, height, marker=marker, color=colour)
    room = share.high < 0.93
    axes.annotate(
        f"{share.value:.0%}",
        (share.high if room else share.low, height),
        xytext=(5 if room else -5, 0),
        textcoords="offset points",
        va="center",
        ha="left" if room else "right",
        fontsize="small",
        color="0.25",
    )


def _headline(metrics: Metrics) -> str:
    accuracy = percent_with_interval(metrics.accuracy, metrics.accuracy_interval)
    return f"{metrics.images} faces, accuracy {accuracy}"
