"""Progress bars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

_T = TypeVar("_T")

# Else tqdm keeps a thread for the life of the process, to redraw bars that our steps redraw anyway.
tqdm.monitor_interval = 0


def progress_bar(
    items: Iterable[_T], what: str, unit: str, *, total: int | None = None, delay_s: float = 0.0
) -> tqdm[_T]:
    """Returns ``items`` under a bar on stderr.

    Args:
        items: what is gone through.
        what: stands before the bar.
        unit: one item, as in ``3 step/s``.
        total: how many there are, where ``items`` does not know.
        delay_s: a bar that is done sooner is never shown; one that is shown then is wiped away.
    """
    return tqdm(items, desc=what, unit=unit, total=total, delay=delay_s, leave=delay_s == 0.0)
