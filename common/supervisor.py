"""The parent of each stage: starts it, restarts it, and never leaves it behind.

``python -m detector`` is this parent; the stage itself is its child, ``python -m detector.stage``.
The parent imports nothing heavy. It restarts a child that crashes or hangs, with growing pauses,
and gives up after ``MAX_CRASHES`` in ``CRASH_WINDOW_S`` with no work done between them: a child
that has worked crashes on what it was given, and the broker sees to that. honcho by itself ends
everything as soon as one process ends, restarts nothing, and when killed itself leaves everything
running: so the parent also watches honcho, and ends with it.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections import deque

import psutil

from common.config import BrokerSettings, load_config
from common.lifetime import (
    FIRST_STARTED,
    INSTANCE,
    RESTARTS,
    SUPERVISOR_FD,
    WORKED,
    Lifetime,
    run_main,
    set_up_logging,
)
from common.ring_files import remove_stale_rings

POLL_S = 0.1
START_TIMEOUT_S = 120.0  # TensorFlow on a slow disk
HANG_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 3.0  # honcho kills after five
BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0)
MAX_CRASHES = 5
CRASH_WINDOW_S = 60.0
EXIT_CONFIG = 2
EXIT_GAVE_UP = 1

log = logging.getLogger(__name__)


class Child:
    """One place for a stage's process, and the process now in it."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._instance = uuid.uuid4().hex
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
        environ = os.environ | {
            SUPERVISOR_FD: str(theirs.fileno()),
            INSTANCE: self._instance,
            RESTARTS: str(self._restarts),
            FIRST_STARTED: str(self._first_started),
        }
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


def supervise(stage: str, config_class: type[BrokerSettings], child_module: str) -> None:
    """Run a stage under supervision; exits with the stage's code.

    Args:
        stage: How the stage is started, such as ``detector``; the name in its messages.
        config_class: The stage's settings, read here too so that a wrong one ends it at once.
        child_module: What the child runs, such as ``detector.stage``.
    """
    run_main(stage, lambda: sys.exit(_supervise(stage, config_class, child_module)))


def _supervise(stage: str, config_class: type[BrokerSettings], child_module: str) -> int:
    config = load_config(config_class, stage)
    set_up_logging(stage)
    lifetime = Lifetime()
    lifetime.catch_signals()
    guardians = _guardians()
    children = [Child(child_module) for _ in range(config.workers)]
    while not lifetime.stop_requested:
        for child in children:
            child.poll()
        codes = [child.exit_code for child in children]
        if any(codes) or None not in codes:
            break
        if not all(_lives(guardian) for guardian in guardians):
            log.warning("the process that started this one is gone; stopping")
            break
        lifetime.wait(POLL_S)
    _stop(children)
    return max((child.exit_code or 0 for child in children), default=0)


def _stop(children: list[Child]) -> None:
    for child in children:
        child.stop()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for child in children:
        child.wait(deadline)
    remove_stale_rings()  # of a capture that had to be killed


def _guardians() -> list[psutil.Process]:
    """Return the processes without which this one has no reason to live: honcho, where it runs us.

    honcho runs each command through a process of its own, so honcho itself is not our parent but
    further up. Without honcho there is nobody to watch: the shell may close, the worker stays.
    """
    if "HONCHO_PROCESS_NAME" not in os.environ:
        return []
    chain = psutil.Process().parents()
    honchos = [at for at, process in enumerate(chain) if _is_honcho(process)]
    return chain[: honchos[-1] + 1] if honchos else chain[:1]


def _is_honcho(process: psutil.Process) -> bool:
    try:
        return any("honcho" in argument for argument in process.cmdline()[:3])
    except psutil.Error:
        return False


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
