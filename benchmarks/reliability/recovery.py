"""What came of a fault, and a table of many."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.performance.report import Table, table
from benchmarks.reliability.faults import STAGES, Fault, Kind


@dataclass(frozen=True, slots=True)
class Recovery:
    """A fault and what came of it.

    Attributes:
        fault: What was done.
        back_s: From its beginning until all was as before.
        pause_s: The longest time without a new frame in that.
    """

    fault: Fault
    back_s: float
    pause_s: float


def recovery_table(recoveries: Sequence[Recovery]) -> Table:
    """Return faults, the longest pause and the time until all was as before, by what was done."""
    rows = []
    for kind in Kind:
        for stage in (*STAGES, "all"):
            of_kind = [r for r in recoveries if r.fault.kind is kind]
            some = [r for r in of_kind if stage in (r.fault.stage, "all")]
            if some:
                pauses, backs = [r.pause_s for r in some], [r.back_s for r in some]
                rows.append([kind.value, stage, str(len(some)), *_both(pauses), *_both(backs)])
    titles = ("what", "of", "times", "pause p50, s", "max", "back p50, s", "max")
    return table(titles, rows)


def _both(values: Sequence[float]) -> tuple[str, str]:
    return f"{statistics.median(values):.1f}", f"{max(values):.1f}"
