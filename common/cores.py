"""How many cores this process may use: of those it may run on, as many as its quota allows.

A container limited with ``--cpus 2`` sees all processors of its host; what it may use stands in its
control group. Python has no such function (``os.process_cpu_count`` of 3.13 knows affinity alone);
joblib has one, which looks at the outermost group only, in a package of 1.5 MB.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def usable_cores(root: Path = ROOT) -> int:
    """Return the number of whole cores, at least 1.

    Args:
        root: Where ``proc`` and ``sys`` are.
    """
    return max(1, min([_allowed_cores(), *(int(quota) for quota in _quotas(root))]))


def _allowed_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """Yield the quotas, in cores, of this process's control groups and of those they are in."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        version_1 = "cpu" in controllers.split(",")
        if controllers and not version_1:
            continue
        mount = root / "sys/fs/cgroup" / controllers
        folder = mount / group.lstrip("/")
        for place in (folder, *folder.parents):
            yield from _quota_1(place) if version_1 else _quota_2(place)
            if place == mount:
                break


def _quota_1(folder: Path) -> Iterator[float]:
    quota, period = (_read(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
    if quota.isdecimal() and period.isdecimal():  # -1 is none
        yield int(quota) / int(period)


def _quota_2(folder: Path) -> Iterator[float]:
    quota, _, period = _read(folder / "cpu.max").strip().partition(" ")
    if quota.isdecimal() and period.isdecimal():  # "max" is none
        yield int(quota) / int(period)


def _read(path: Path) -> str:
    """Return what a file of the system holds; nothing where the system has none."""
    try:
        return path.read_text()
    except OSError:
        return ""
