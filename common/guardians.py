"""The processes above a supervisor, without which it has no reason to live."""

from __future__ import annotations

import logging
import os
import re
import sys
import time

import psutil

LOOK_INTERVAL_S = 0.5  # a look takes 0.3 ms

log = logging.getLogger(__name__)


class Guardians:
    """honcho, where it runs this process, and what is between the two.

    honcho runs each command through a process of its own, so honcho itself is not our parent but
    further up. Without honcho there is nobody to watch: the shell may close, the worker stays.
    """

    def __init__(self) -> None:
        self._next_look = 0.0
        self._chain: list[psutil.Process] = []
        self._name = os.environ.get("HONCHO_PROCESS_NAME", "")
        if self._name:
            chain = psutil.Process().parents()
            honchos = [at for at, process in enumerate(chain) if _is_honcho(process)]
            self._chain = chain[: honchos[-1] + 1] if honchos else chain[:1]

    def count_workers(self) -> bool:
        """Return whether who starts this process also decides how many of it there are.

        That is a person without honcho, or one who has told honcho, as by ``-c detector=2``.
        """
        if not self._name:
            return True
        entry = re.escape(self._name.partition(".")[0])  # of the Procfile
        wanted = re.compile(rf"(^(-c|--\w+=)?|,){entry}=\d")
        return any(wanted.search(argument) for item in self._chain for argument in _command(item))

    def open_handle(self) -> int | None:
        """Return a file that can be read from when honcho has ended, for children to wait for.

        None where there is no honcho, or the system has no such files: those of Linux do.
        """
        if not self._chain or sys.platform != "linux":
            return None
        try:
            return os.pidfd_open(self._chain[-1].pid)
        except OSError as error:
            log.debug("children cannot watch honcho: %s", error)
            return None

    def live(self) -> bool:
        """Return whether all were there when last looked at; looks now and then."""
        now = time.monotonic()
        if now < self._next_look:
            return True
        self._next_look = now + LOOK_INTERVAL_S
        return all(_lives(process) for process in self._chain)


def _is_honcho(process: psutil.Process) -> bool:
    return any("honcho" in argument for argument in _command(process)[:3])


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
