"""Draws how a run went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from training.measure.plots.figures import new_figure, save_png
from training.metrics import percent
from training.run.history import EpochRecord

COLOURS = {"train": "tab:blue", "validation": "tab:orange"}
CURVES = {
    "train": "training (augmented, weights as they are)",
    "validation": "validation (averaged weights)",
}


def plot_learning_curves(history: Sequence[EpochRecord], best_epoch: int, file: Path) -> None:
    """Draw accuracy, loss and learning rate by epoch to a PNG.

    Args:
        history: At least one epoch.
        best_epoch: Number of the epoch to mark, the one whose weights are exported.
        file: The PNG to write.
    """
    figure = new_figure(11.0, 5.8)
    panels = figure.subplot_mosaic(
        [["accuracy", "loss"], ["rate", "rate"]], height_ratios=[3, 1], sharex=True
    )
    for name in ("accuracy", "loss"):
        _plot_splits(panels[name], history, name, best_epoch)
    accuracy, loss, rate = (panels[name] for name in ("accuracy", "loss", "rate"))
    marker = "o" if len(history) == 1 else None
    epochs = [record.epoch for record in history]
    rate.plot(epochs, [record.rate for record in history], color="tab:green", marker=marker)
    rate.set_ylim(bottom=0.0)
    rate.set_ylabel("learning rate")
    rate.set_xlabel("epoch")
    rate.set_xlim(0.5, len(history) + 0.5)
    accuracy.set_title("Accuracy")
    accuracy.yaxis.set_major_formatter(lambda share, _position: f"{100 * share:.4g} %")
    loss.set_title("Loss (cross-entropy, nats)")
    for axes in panels.values():
        _mark_epochs(axes, history, best_epoch)
    _name_sizes(rate, history)
    handles, labels = accuracy.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    save_png(figure, file)


def _plot_splits(axes: Axes, history: Sequence[EpochRecord], name: str, best_epoch: int) -> None:
    """Draw a measure of training and of validation, with a dot where validation is the best."""
    epochs = [record.epoch for record in history]
    marker = "." if len(history) == 1 else None
    for split, colour in COLOURS.items():
        values = [float(getattr(record, f"{split}_{name}")) for record in history]
        axes.plot(epochs, values, color=colour, marker=marker, label=CURVES[split])
    of_best = [r for r in history if r.epoch == best_epoch]
    for best in of_best:
        value = float(getattr(best, f"validation_{name}"))
        label = f"best epoch: {best_epoch}, validation accuracy {percent(best.validation_accuracy)}"
        axes.plot(best_epoch, value, "o", color="black", markerfacecolor="none", label=label)


def _mark_epochs(axes: Axes, history: Sequence[EpochRecord], best_epoch: int) -> None:
    """Draw a line where images get larger and one at the best epoch, over whole epochs."""
    for before, after in pairwise(history):
        if before.size_px != after.size_px:
            axes.axvline(before.epoch + 0.5, color="0.5", linestyle=":", linewidth=1)
    if best_epoch:
        axes.axvline(best_epoch, color="black", linewidth=0.6, alpha=0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.tick_params(labelbottom=True)
    axes.grid(alpha=0.3)


def _name_sizes(axes: Axes, history: Sequence[EpochRecord]) -> None:
    """Write the image size above where it begins, if it changes."""
    sizes = [record.size_px for record in history]
    if len(set(sizes)) == 1:
        return
    starts = [0] + [row + 1 for row, (a, b) in enumerate(pairwise(sizes)) if a != b]
    for start in starts:
        axes.annotate(
            f"images of {sizes[start]} px",
            (history[start].epoch - 0.5, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            fontsize="small",
            color="0.35",
        )
