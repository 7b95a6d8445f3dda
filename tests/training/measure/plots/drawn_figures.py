"""Keeps the figures that code under test draws, so that tests can ask what is in them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from training.measure.plots.figures import save_png

PNG_START = b"\x89PNG\r\n\x1a\n"


def keep_figures(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> list[Figure]:
    """Return a list that gets each figure which ``module`` writes; it is written all the same."""
    figures: list[Figure] = []

    def keep_and_save(figure: Figure, file: Path) -> None:
        figures.append(figure)
        save_png(figure, file)

    monkeypatch.setattr(module, "save_png", keep_and_save)
    return figures


def texts_of(axes: Axes) -> list[str]:
    """Return what is written in ``axes``, in the order it was written."""
    return [text.get_text() for text in axes.texts]


def points_of(line: Line2D) -> tuple[list[float], list[float]]:
    """Return x and y of the points of a curve."""
    x, y = (np.asarray(values, dtype=np.float64).tolist() for values in line.get_data())
    return x, y
