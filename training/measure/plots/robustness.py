"""Draws how accuracy falls with each kind of change."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from training.measure.changes import KINDS, Kind
from training.measure.outcomes import Outcome, Robustness
from training.measure.plots.figures import new_figure, save_png
from training.metrics import percent_with_interval

ROWS, COLUMNS = 2, 5
"""A panel for each of KINDS."""


def plot_robustness(result: Robustness, file: Path) -> None:
    """Draw one small panel a kind of change, all on one scale of accuracy, to a PNG."""
    figure = new_figure(2.9 * COLUMNS, 2.7 * ROWS)
    panels = figure.subplots(ROWS, COLUMNS, sharey=True, squeeze=False).flat
    for axes, kind in zip(panels, KINDS, strict=True):
        _draw_panel(axes, kind, result)
    unchanged = result.as_it_is
    accuracy = percent_with_interval(unchanged.accuracy, unchanged.accuracy_interval)
    figure.suptitle(
        f"Accuracy on {result.images} faces of {result.split}, each changed in one way. Dashed: "
        f"unchanged, {accuracy}. Bars: 95 % intervals"
    )
    save_png(figure, file)


def _draw_panel(axes: Axes, kind: Kind, result: Robustness) -> None:
    """Draw the accuracy of a kind by its amount; the amount that changes nothing as well."""
    points = [(each.amount, each) for each in result.changed if each.kind == kind.name]
    if kind.neutral is not None:
        points.append((kind.neutral, result.as_it_is))
    points.sort(key=lambda point: point[0])
    axes.errorbar(
        [amount for amount, _ in points],
        [outcome.accuracy for _, outcome in points],
        yerr=_distances([outcome for _, outcome in points]),
        marker="o",
        markersize=4,
        capsize=2,
        linewidth=1.2,
    )
    axes.axhline(result.as_it_is.accuracy, color="0.5", linestyle="--", linewidth=1)
    axes.set_title(kind.name)
    axes.set_xlabel(kind.unit)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(alpha=0.3)


def _distances(outcomes: list[Outcome]) -> list[list[float]]:
    """Return how far the intervals reach below and above, two rows of n."""
    return [
        [each.accuracy - each.accuracy_interval[0] for each in outcomes],
        [each.accuracy_interval[1] - each.accuracy for each in outcomes],
    ]
