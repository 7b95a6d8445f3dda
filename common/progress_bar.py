"""Progress bars on stderr."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")

BAR_DELAY_S = 1.0
"""Work that is done sooner than this needs no bar."""

# Else tqdm keeps a thread for the life of the process, to redraw bars that our steps redraw anyway.
tqdm.monitor_interval = 0


def progress_bar(
    items: Iterable[T] | None,
    what: str,
    unit: str,
    *,
    total: int | None = None,
    delay_s: float = 0.0,
) -> tqdm[T]:
    """Return ``items`` under a bar.

    Args:
        items: What is gone through; None where the caller counts with ``update``.
        what: The text before the bar.
        unit: The name of one item, as in ``3 step/s``.
        total: How many items there are, where ``items`` does not know.
        delay_s: A bar that is done sooner is never shown; one that is shown then is wiped away
            at its end, and appears on a terminal only.
    """
    return tqdm(
        items,
        desc=what,
        unit=unit,
        unit_scale=True,
        total=total,
        delay=delay_s,
        leave=not delay_s,
        disable=None if delay_s else False,
    )
