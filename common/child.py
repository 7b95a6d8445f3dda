"""One process under a supervisor: started, watched, killed when it hangs, started again."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque

from common.lifetime import (
    FIRST_STARTED,
    INSTANCE,
    RESTARTS,
    SUPERVISOR_FD,
    WORKED,
    new_instance,
)

START_TIMEOUT_S = 120.0  # TensorFlow on a slow disk
HANG_TIMEOUT_S = 10.0
BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0)
MAX_CRASHES = 5
CRASH_WINDOW_S = 60.0
EXIT_CONFIG = 2
EXIT_GAVE_UP = 1
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy, OpenCV and scipy each bring an OpenBLAS, which starts a thread a core when it is imported:
60 ms of processor time in each process with two cores. No stage multiplies matrices with it. What
the user has set wins."""

log = logging.getLogger(__name__)


class Child:
    """One place for a stage's process, and the process now in it."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._instance = new_instance()
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)
        self._restarts = 0
        self._first_started = time.time()
        self._start_at: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._pair: socket.socket  # joins the process, while there is one
        self.exit_code: int | None = None
        self.start()

    def start(self) -> None:
        """Start the stage, joined to this process by a socket pair."""
        ours, theirs = socket.socketpair()
        environ = (
            ONE_THREAD
            | os.environ
            | {
                SUPERVISOR_FD: str(theirs.fileno()),
                INSTANCE: self._instance,
                RESTARTS: str(self._restarts),
                FIRST_STARTED: str(self._first_started),
            }
        )
        command = [sys.executable, "-m", self._module, *sys.argv[1:]]
        self._process = subprocess.Popen(command, env=environ, pass_fds=[theirs.fileno()])
        theirs.close()
        ours.setblocking(False)
        self._pair = ours
        self._start_at = None
        self._silent_after = time.monotonic() + START_TIMEOUT_S

    def poll(self) -> None:
        """Look after the process: note its end, restart it when due, kill it when it hangs."""
        if self._process is None:
            if self._start_at is not None and time.monotonic() >= self._start_at:
                self.start()
            return
        self._read_beats()
        code = self._process.poll()
        if code is not None:
            self._ended(code)
        elif time.monotonic() > self._silent_after:
            log.error("process %d does not answer; killing it", self._process.pid)
            self._process.kill()
            self._ended(self._process.wait())

    def stop(self) -> None:
        """Ask the process to end."""
        self._start_at = None
        if self._process is not None:
            self._process.terminate()
        elif self.exit_code is None:
            self.exit_code = 0

    def wait(self, deadline: float) -> None:
        """Wait for the end of a stopped process until ``deadline``, then kill it."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("process %d does not stop; killing it", self._process.pid)
            self._process.kill()
            self._process.wait()
        self._pair.close()
        self._process = None

    def _read_beats(self) -> None:
        try:
            beats = self._pair.recv(4096)
            if beats:
                self._silent_after = time.monotonic() + HANG_TIMEOUT_S
            if WORKED in beats:
                self._crashes.clear()
        except BlockingIOError:
            return
        except OSError as error:
            log.warning("no heartbeats from %s: %s", self._module, error)

    def _ended(self, code: int) -> None:
        self._read_beats()  # the last ones, which may tell of work
        self._pair.close()
        self._process = None
        if code in (0, EXIT_CONFIG):
            self.exit_code = code
            return
        now = time.monotonic()
        self._crashes.append(now)
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        if len(self._crashes) == MAX_CRASHES and now - self._crashes[0] < CRASH_WINDOW_S:
            log.error("%s %s, %d times in a minute; giving up", self._module, how, MAX_CRASHES)
            self.exit_code = EXIT_GAVE_UP
            return
        recent = sum(now - crash < CRASH_WINDOW_S for crash in self._crashes)
        pause = BACKOFF_S[min(recent, len(BACKOFF_S)) - 1]
        log.warning("%s %s; starting it again in %.1f s", self._module, how, pause)
        self._restarts += 1
        self._start_at = now + pause
