"""Simulate fleets of cells and print what they need, what fails, and what is then not seen.

    python -m benchmarks.fleet --cameras 10 100 1000 10000 --seed 1

The numbers that it reckons with are printed first; docs/scale.md has the outcome.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator

from benchmarks.fleet.assumptions import Assumptions
from benchmarks.fleet.faults import KINDS, moves, simulate_year, update_s
from benchmarks.fleet.size import Fleet, fleet_of
from benchmarks.fleet.storm import storm_row
from benchmarks.performance.report import Table, table

SIZES = (10, 100, 1_000, 10_000)


def sizes_table(fleets: list[Fleet]) -> Table:
    """Return what each fleet needs."""
    titles = (
        *("cameras", "cells", "fullest cell", "too full", "cores", "nodes of 16", "memory, GB"),
        *("in, Mbit/s", "list, kB", "USD a month", "USD a camera"),
    )
    rows = [
        [
            f"{fleet.cameras:,}",
            f"{len(fleet.loads)}",
            f"{fleet.fullest}",
            f"{fleet.too_full}",
            f"{fleet.cores:,.0f}",
            f"{fleet.nodes}",
            f"{fleet.memory_gb:,.1f}",
            f"{fleet.inward_mbit:,.0f}",
            f"{fleet.list_kb:,.0f}",
            f"{fleet.month_usd:,.0f}",
            f"{fleet.month_usd / fleet.cameras:,.0f}",
        ]
        for fleet in fleets
    ]
    return table(titles, rows)


def faults_table(fleets: list[Fleet], seed: int) -> Table:
    """Return what a year brings to each fleet."""
    rows = []
    for fleet in fleets:
        year = simulate_year(fleet, seed)
        rows.append(
            [
                f"{fleet.cameras:,}",
                *(f"{year.count(kind):,}: {year.lost_s(kind):.0f} s" for kind in KINDS[:-1]),
                f"{year.lost_s(KINDS[-1]):.0f} s",
                f"{update_s(fleet) / 60:.0f} min",
                f"{year.most_at_once}",
                f"{100 * year.seen:.4f} %",
            ]
        )
    titles = (
        *("cameras", "captures", "cells", "nodes", "updates", "one update takes"),
        *("away at once", "a camera is seen"),
    )
    return table(titles, rows)


def growth_rows(given: Assumptions, fleets: list[Fleet], seed: int) -> Iterator[list[str]]:
    """Yield what happens while each fleet grows to ten times its size."""
    for fleet in fleets[:-1]:
        after = math.ceil(10 * fleet.cameras / given.cameras_a_cell)
        moved, gap_s = moves(given, range(len(fleet.loads), after), seed)
        yield [
            f"{fleet.cameras:,} to {10 * fleet.cameras:,}",
            f"{len(fleet.loads)} to {after}",
            f"{moved:.1f}",
            f"{gap_s:.0f}",
        ]


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, nargs="+", default=SIZES)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    given = Assumptions()
    fleets = [fleet_of(cameras, given) for cameras in options.cameras]
    growth = table(
        ("cameras", "cells", "moves of a camera", "s not seen a move"),
        list(growth_rows(given, fleets, options.seed)),
    )
    storm = table(
        ("cameras lost together", "tries in the worst second, without jitter", "with"),
        [storm_row(cameras, options.seed) for cameras in options.cameras],
    )
    tables = (given.table(), sizes_table(fleets), faults_table(fleets, options.seed), growth, storm)
    print("\n\n".join(each.markdown() for each in tables))
    print(
        f"\ncontainer back after {given.container_back_s:.0f} s, node after "
        f"{given.node_back_s:.0f} s"
    )


if __name__ == "__main__":
    main()
