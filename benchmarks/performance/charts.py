"""Draws how figures grow, in the style of the training's pictures."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from benchmarks.performance.report import Chart, Panel
from training.measure.plots.figures import new_figure, save_png

WIDTH_IN, HEIGHT_IN = 4.6, 3.2
"""Of one panel."""


def draw_chart(chart: Chart, folder: Path) -> Path:
    """Draw a chart to a PNG in a folder that exists; return the file."""
    figure = new_figure(WIDTH_IN * len(chart.panels), HEIGHT_IN)
    for axes, panel in zip(
        figure.subplots(1, len(chart.panels), squeeze=False)[0], chart.panels, strict=True
    ):
        _draw_panel(axes, panel, chart)
    file = folder / f"{chart.name}.png"
    save_png(figure, file)
    return file


def _draw_panel(axes: Axes, panel: Panel, chart: Chart) -> None:
    """Draw lines over evenly spaced places, for what is measured mostly doubles."""
    places = {tick: place for place, tick in enumerate(chart.ticks)}
    for name, points in panel.lines.items():
        axes.plot([places[x] for x, _ in points], [y for _, y in points], marker="o", label=name)
    names = chart.tick_names or tuple(f"{tick:g}" for tick in chart.ticks)
    axes.xaxis.set_major_locator(FixedLocator(list(places.values())))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(names)
    axes.set_ylim(bottom=0.0)
    axes.set_title(panel.title, fontsize="medium")
    axes.set_xlabel(chart.axis)
    axes.grid(alpha=0.3)
    if len(panel.lines) > 1:
        axes.legend(frameon=False, fontsize="small")
