"""How many files and connections a process may have open."""

from __future__ import annotations

import logging
import resource

log = logging.getLogger(__name__)


def allow_open_files(wanted: int) -> int:
    """Raise this process's limit on open files where the system lets it; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning("only %d files may be open at once; %d were wanted", allowed, wanted)
    return allowed
