"""How much a figure grows while a pipeline runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.performance.report import Table, table
from benchmarks.reliability.samples import Series

SETTLED = 1 / 3
"""Share of the run that is left out: in thirty minutes, the ten in which the publisher's memory of
the last ten minutes fills."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A figure over the settled part of a run.

    Attributes:
        smallest: The smallest value.
        median: The middle one.
        largest: The largest.
        an_hour: The slope of the straight line of least squares, times an hour.
        error_an_hour: Two standard errors of it.
    """

    smallest: float
    median: float
    largest: float
    an_hour: float
    error_an_hour: float


def slope_of(minutes: Sequence[float], values: Sequence[float]) -> Slope:
    """Return how a figure went, the first part left out.

    Args:
        minutes: When each value was seen; at least four after the part that is left out.
        values: The values.
    """
    at, seen = np.asarray(minutes), np.asarray(values)
    settled = at >= SETTLED * at[-1]
    at, seen = at[settled], seen[settled]
    line, covariance = np.polyfit(at - at.mean(), seen, 1, cov=True)
    return Slope(
        float(seen.min()),
        float(np.median(seen)),
        float(seen.max()),
        60 * float(line[0]),
        120 * float(covariance[0, 0]) ** 0.5,
    )


def slopes_table(series: Series) -> Table:
    """Return a row for each line of each panel."""
    rows = []
    for panel, lines in series.lines.items():
        for name, values in lines.items():
            if len(values) == len(series.minutes):
                one = slope_of(series.minutes, values)
                shown = (f"{x:.1f}" for x in (one.smallest, one.median, one.largest))
                rows.append((panel, name, *shown, f"{one.an_hour:+.1f} ± {one.error_an_hour:.1f}"))
    return table(("figure", "of", "smallest", "median", "largest", "slope an hour"), rows)
