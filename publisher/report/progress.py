"""A progress bar on stderr, where somebody sees it."""

from __future__ import annotations

from tqdm import tqdm


class Progress(tqdm):  # type: ignore[misc]  # of a library without types
    """One bar, gone when it is done; no thread of tqdm's looks after it."""

    monitor_interval = 0

    def __init__(self, what: str, total: int, unit: str) -> None:
        super().__init__(
            desc=what, total=total, unit=unit, unit_scale=True, disable=None, leave=False
        )
