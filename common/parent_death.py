"""Waking a stopped child when its parent dies, where the kernel can."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def wake_when_parent_dies() -> Callable[[], None] | None:
    """Return what a child is to call before it becomes another program; None where nothing helps.

    A process that is stopped cannot notice that its parent is gone. So when the thread ends that
    started it, the kernel sends SIGCONT, which means nothing to a process that runs.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGCONT))
