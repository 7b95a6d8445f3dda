"""Benchmarks that are commands of their own, whose Markdown the page shows as it is printed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from benchmarks.performance.plan import Plan
from benchmarks.performance.report import Section, Table
from benchmarks.performance.steps import Part, Step
from tests.support.pipeline import ROOT

LONGEST_S = 300.0


def run_printing(module: str, *arguments: str) -> Table:
    """Run a benchmark; return the Markdown table that it prints.

    Raises:
        RuntimeError: It fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stderr.strip().splitlines()[-1:]}")
    lines = [line.strip() for line in done.stdout.splitlines() if line.startswith("|")]
    rows = [tuple(cell.strip() for cell in line[1:-1].split("|")) for line in lines]
    return Table((rows[0], *rows[2:]))


def broker_steps(_plan: Plan) -> list[Step[Table]]:
    """Return the one step."""
    return [Step("broker", "the scheduler", 40, lambda: run_printing("benchmarks.broker"))]


def broker_section(_plan: Plan, tables: Mapping[str, Table]) -> Section:
    """Show the table."""
    text = (
        "`python -m benchmarks.broker`: the broker's own work alone, without sockets, by how many "
        "cameras and detectors there are."
    )
    return Section(text, (tables["broker"],))


BROKER = Part("broker", "The broker", broker_steps, broker_section)
