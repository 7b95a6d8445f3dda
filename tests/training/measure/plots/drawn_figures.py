"""What is in a figure."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

PNG_START = b"\x89PNG\r\n\x1a\n"


def texts_of(axes: Axes) -> list[str]:
    """Return what is written in ``axes``, in the order it was written."""
    return [text.get_text() for text in axes.texts]


def points_of(line: Line2D) -> tuple[list[float], list[float]]:
    """Return x and y of the points of a curve."""
    x, y = (np.asarray(values, dtype=np.float64).tolist() for values in line.get_data())
    return x, y
