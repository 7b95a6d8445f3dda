"""Figures as PNG files, without pyplot, which would keep global state and want a display."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from common.files import replacing

DPI = 120


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure of that many inches whose parts keep clear of each other."""
    return Figure(figsize=(width_in, height_in), layout="constrained")


def save_png(figure: Figure, file: Path) -> None:
    """Write ``figure`` to ``file`` in one step, with a narrow margin around what is drawn.

    Whoever looks at a run that goes on never reads half a picture.
    """
    with replacing(file) as new:
        figure.savefig(
            new,
            format="png",
            dpi=DPI,
            bbox_inches="tight",
            pad_inches=0.12,
            metadata={"Software": "ferstream"},
        )
