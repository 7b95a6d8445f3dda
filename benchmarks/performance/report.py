"""What a part has found: text, tables, charts and the figures that are kept of every run."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first row's cells are its titles."""

    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return it in Markdown, columns as wide as their widest cell."""
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = [
            " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in self.rows
        ]
        rule = "|".join("-" * (width + 2) for width in widths)
        return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])


@dataclass(frozen=True, slots=True)
class Panel:
    """One half of a chart.

    Attributes:
        title: What is drawn, with its unit.
        lines: For each line its points, by its name.
    """

    title: str
    lines: Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Chart:
    """Panels over the same axis.

    Attributes:
        name: Name of the file, without its ending.
        axis: What the axis counts.
        panels: From left to right.
        ticks: The values that were measured.
        tick_names: What is written at them, where that is not the value.
    """

    name: str
    axis: str
    panels: tuple[Panel, ...]
    ticks: tuple[float, ...]
    tick_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What one part has found.

    Attributes:
        text: What was measured and how, one paragraph in Markdown.
        tables: The figures.
        charts: Drawn below the tables.
        kept: Figures for the history, by the name of their column.
    """

    text: str
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...] = ()
    kept: Mapping[str, float] = field(default_factory=dict)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table of titles and rows."""
    return Table((tuple(titles), *map(tuple, rows)))


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Return the median as text, with the smallest and the largest where there are several."""
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"
