"""One process under a supervisor: started, watched, killed when it hangs, started again."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping

from common.lifeline import HONCHO_FD, SUPERVISOR_FD
from common.lifetime import (
    FIRST_STARTED,
    INSTANCE,
    LAST_END,
    RESTARTS,
    SHOW_STACKS,
    new_instance,
)
from common.parent_death import wake_when_parent_dies
from common.signs_of_life import SignsOfLife

SHOW_STACKS_S = 0.2  # for a process that is stuck to write where, before it is killed
KILLED_S = 1.0
"""For a process that was killed to be gone: one that a driver holds in the kernel stays."""
STEADY_S = 5.0
"""One that ran for as long is started again at once."""
BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses before one is started again that did not, by how often in a row."""
MAX_CRASHES = 5
CRASH_WINDOW_S = 60.0
STARTER = "ferstream_start"
"""Finds the module whatever the files of the current folder are called."""
EXIT_CONFIG = 2
EXIT_GAVE_UP = 1
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy, OpenCV and scipy each bring an OpenBLAS, which starts a thread a core when it is imported:
60 ms of processor time in each process with two cores. No stage multiplies matrices with it. What
the user has set wins."""

log = logging.getLogger(__name__)


class Child:
    """One place for a stage's process, and the process now in it.

    Args:
        module: What the process runs.
        whose: What of many it is for, in messages; empty where all are the same.
        honcho: A file for it to wait for the end of honcho, as ``Guardians.open_handle`` gives it.
        is_given_up: Whether crashes in a row end it though it has worked before them.
        environ: Its environment, but for what its supervisor tells it.
    """

    def __init__(
        self,
        module: str,
        whose: str,
        honcho: int | None,
        is_given_up: bool,
        environ: Mapping[str, str],
    ) -> None:
        self._module = module
        self._name = f"{module} of {whose}" if whose else module
        self._honcho = honcho
        self._is_given_up = is_given_up
        self._environ = environ
        self._has_worked = False
        self._instance = new_instance()
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)
        self._falls = 0  # crashes in a row, each soon after the start
        self._restarts = 0
        self._last_end = ""
        self._began_s = self._started_s = time.monotonic()
        self._first_started = time.time()
        self._start_at: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._fault: str | None = None  # for which it was killed
        self._signs: SignsOfLife  # of the process, while there is one
        self.exit_code: int | None = None
        self.start()

    def start(self) -> None:
        """Start the stage, joined to this process by a socket pair; try later what fails."""
        self._start_at = self._fault = None
        self._started_s = time.monotonic()
        try:
            self._process, pair = self._run()
        except OSError as error:  # no more processes, or no memory for one
            self._crashed(f"cannot be started ({error.strerror})")
        else:
            self._signs = SignsOfLife(pair, self._process.pid)

    def poll(self) -> None:
        """Look after the process: note its end, restart it when due, kill it when it hangs."""
        self._follow_clock()
        if self._process is None:
            if self._start_at is not None and time.monotonic() >= self._start_at:
                self.start()
            return
        self._signs.listen()
        code = self._process.poll()
        if code is not None:
            self._ended(code)
        elif self._fault is None and self._signs.fault is not None:
            self._kill_hung(self._process, self._signs.fault)

    def stop(self) -> None:
        """Ask the process to end."""
        self._start_at = None
        if self._process is not None:
            self._process.terminate()
        elif self.exit_code is None:
            self.exit_code = 0

    @property
    def has_stopped(self) -> bool:
        """Whether there is no process any more, of one that was asked to end."""
        return self._process is None or self._process.poll() is not None

    def wait(self, deadline: float) -> None:
        """Wait for the end of a stopped process until ``deadline``, then kill it."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("process %d does not stop; killing it", self._process.pid)
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(KILLED_S)
        self._signs.close()
        self._process = None

    def _run(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """Return the new process, and this end of the pair."""
        ours, theirs = socket.socketpair()
        kept = [theirs.fileno()] if self._honcho is None else [theirs.fileno(), self._honcho]
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", STARTER, self._module, *sys.argv[1:]],
                env={**ONE_THREAD, **self._environ, **self._told(theirs)},
                pass_fds=kept,
                preexec_fn=wake_when_parent_dies(),  # noqa: PLW1509 - this process has one thread
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return process, ours

    def _told(self, pair: socket.socket) -> dict[str, str]:
        """Return the variables that tell a process of its supervisor and of those before it."""
        told = {
            SUPERVISOR_FD: str(pair.fileno()),
            INSTANCE: self._instance,
            RESTARTS: str(self._restarts),
            FIRST_STARTED: str(self._first_started),
            LAST_END: self._last_end,
        }
        return told if self._honcho is None else told | {HONCHO_FD: str(self._honcho)}

    def _follow_clock(self) -> None:
        """Put the beginning of the run back where the wall clock was.

        By it a publisher knows the files of this run from those of runs before: they are younger.
        """
        age_s = time.monotonic() - self._began_s
        self._first_started = min(self._first_started, time.time() - age_s)

    def _kill_hung(self, process: subprocess.Popen[bytes], fault: str) -> None:
        """Kill a process that does not do what it should, once it has said where it is."""
        log.error("%s (process %d) %s; killing it", self._name, process.pid, fault)
        self._fault = fault
        if not self._signs.is_stopped:
            process.send_signal(SHOW_STACKS)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SHOW_STACKS_S)
        process.kill()

    def _ended(self, code: int) -> None:
        self._signs.close()
        self._process = None
        if self._fault is None and code in (0, EXIT_CONFIG):
            self.exit_code = code
            return
        if self._signs.worked:
            self._crashes.clear()
            self._falls = 0
            self._has_worked = True
        self._crashed(self._fault or _how(code, self._signs.reason))

    def _crashed(self, how: str) -> None:
        """Start the process again, after a pause where it did not last, or give up."""
        self._last_end = how
        now = time.monotonic()
        self._crashes.append(now)
        recent = sum(now - crash < CRASH_WINDOW_S for crash in self._crashes)
        if recent == MAX_CRASHES and (self._is_given_up or not self._has_worked):
            log.error("%s %s, %d times in a minute; giving up", self._name, how, MAX_CRASHES)
            self.exit_code = EXIT_GAVE_UP
            return
        self._falls = self._falls + 1 if now - self._started_s < STEADY_S else 0
        pause = BACKOFF_S[min(self._falls, len(BACKOFF_S)) - 1] if self._falls else 0.0
        when = f" in {pause:.1f} s" if pause else ""
        log.warning("%s %s; starting it again%s", self._name, how, when)
        self._restarts += 1
        self._start_at = now + pause


def _how(code: int, reason: str) -> str:
    """Return how a process ended, for people."""
    if code < 0:
        return f"was killed by {_signal_name(-code)}"
    return f"ended with {code} ({reason})" if reason else f"ended with {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # those for real time, but for the first and last, have none
        return f"signal {number}"
