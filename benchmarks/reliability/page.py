"""Writes what a long run has found into ``docs/reliability.md``, a section each."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.performance.history import checked_out
from benchmarks.performance.machine import processor
from benchmarks.reliability.samples import Series
from common.files import replacing
from training.measure.plots.figures import new_figure, save_png

TITLE = "# Reliability"
WIDTH_IN, HEIGHT_IN = 9.0, 2.0
"""Of one panel."""


def put_section(page: Path, title: str, lines: Sequence[str]) -> None:
    """Write a section of a page anew, at its end where there is none of that title yet."""
    text = page.read_text(encoding="utf-8") if page.exists() else f"{TITLE}\n"
    before, _, rest = f"{text.rstrip()}\n".partition(f"\n## {title}\n")
    _, mark, after = rest.partition("\n## ")
    section = f"\n## {title}\n\n" + "\n".join(lines).strip() + "\n"
    page.parent.mkdir(parents=True, exist_ok=True)
    with replacing(page) as new:
        new.write_text(before + section + mark + after, encoding="utf-8")


def measured_on(command: str) -> str:
    """Return a line that says what was measured, how, when and on what."""
    today = datetime.now(timezone.utc).date().isoformat()
    return (
        f"`{command}` on {today}, commit {checked_out()}: {processor()}, {os.cpu_count()} cores, "
        f"{platform.system()}, Python {platform.python_version()}."
    )


def draw_series(series: Series, file: Path) -> None:
    """Draw all panels below each other, over the minutes of the run, to a PNG."""
    panels = {panel: lines for panel, lines in series.lines.items() if lines}
    figure = new_figure(WIDTH_IN, HEIGHT_IN * len(panels))
    all_axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (panel, lines) in zip(all_axes, panels.items(), strict=True):
        for name, values in lines.items():
            if len(values) == len(series.minutes):
                axes.plot(series.minutes, values, label=name, linewidth=1)
        axes.set_ylim(bottom=0.0)
        axes.set_title(panel, fontsize="medium")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    all_axes[-1].set_xlabel("minutes")
    file.parent.mkdir(parents=True, exist_ok=True)
    save_png(figure, file)
