"""Writes what was measured into ``docs/performance.md``, with the charts beside it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from benchmarks.performance.charts import draw_chart
from benchmarks.performance.machine import processor
from benchmarks.performance.steps import Outcome
from common.files import replacing

BEGIN = "<!-- What follows is written by `make bench`. -->"
CHARTS = "performance"
"""The folder of the charts, beside the page."""
LIBRARIES = ("opencv-python-headless", "onnxruntime", "numpy", "pyzmq")


def write_page(outcomes: Sequence[Outcome], command: str, commit: str, page: Path) -> None:
    """Write all that follows ``BEGIN`` in the page anew, and draw the charts.

    Args:
        outcomes: What was measured.
        command: How it was started.
        commit: What was measured.
        page: The page; what stands above ``BEGIN`` stays.
    """
    charts = page.parent / CHARTS
    charts.mkdir(parents=True, exist_ok=True)
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    kept = before.partition(BEGIN)[0]
    lines = [kept.rstrip() + f"\n\n{BEGIN}" if kept else BEGIN, *_heading(command, commit)]
    for outcome in outcomes:
        lines += section_lines(outcome)
        for chart in outcome.section.charts if outcome.section else ():
            file = draw_chart(chart, charts)
            lines += [f"![{outcome.part.title}, by {chart.axis}]({CHARTS}/{file.name})", ""]
    with replacing(page) as new:
        new.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def section_lines(outcome: Outcome) -> Iterator[str]:
    """Yield the Markdown of a section, charts apart."""
    yield from (f"## {outcome.part.title}", "")
    if outcome.section is not None:
        yield from (outcome.section.text, "")
        for each in outcome.section.tables:
            yield from (each.markdown(), "")
    for failure in outcome.failures:
        yield from (f"**Not measured:** {failure}", "")


def _heading(command: str, commit: str) -> list[str]:
    today = datetime.now(timezone.utc).date().isoformat()
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        "",
        f"`{command}` on {today}, commit {commit}: {processor()}, {os.cpu_count()} cores, no GPU "
        f"used, {platform.system()}, Python {platform.python_version()}, {libraries}.",
        "",
    ]
