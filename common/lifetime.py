"""When a stage's process has to end, and telling its supervisor that it lives.

Signal handlers only set a flag, a plain one: a second signal may come while the first is handled,
and would wait for ever for a lock that the first holds.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import time
from collections.abc import Callable

from common.errors import FerstreamError
from common.lifeline import BEAT_INTERVAL_S, REASON, STEPPED, SUPERVISOR_FD, WORKED, Lifeline
from common.log_lines import FloodFilter, LineFormatter
from common.printable import printable

INSTANCE = "FERSTREAM_INSTANCE"
RESTARTS = "FERSTREAM_RESTARTS"
FIRST_STARTED = "FERSTREAM_FIRST_STARTED"
LAST_END = "FERSTREAM_LAST_END"

WAIT_SLICE_S = 0.05  # a plain flag wakes nobody: how late a wait may notice it
SHOW_STACKS = signal.SIGUSR1
"""Has a supervised process write where each of its threads is, whatever holds it up."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def new_instance() -> str:
    """Return a name that no other process has."""
    return os.urandom(16).hex()


class Lifetime:
    """The life of this process: asked to stop or not, watched or not.

    Attributes:
        instance: The same for each process that a supervisor starts in this one's place.
        by_honcho: Whether honcho started it, and not somebody by hand.
        restarts: How often the supervisor has had to start it again.
        last_end: Why it had to the last time, for people; empty where it never had.
        first_started: When the first of these processes was started, wall clock in seconds.
    """

    def __init__(self) -> None:
        self._stop_requested = False
        self._beat = STEPPED
        self._next_beat = 0.0
        self.instance = os.environ.get(INSTANCE) or new_instance()
        self.by_honcho = "HONCHO_PROCESS_NAME" in os.environ
        self.restarts = int(os.environ.get(RESTARTS) or 0)
        self.last_end = os.environ.get(LAST_END, "")
        self.first_started = float(os.environ.get(FIRST_STARTED) or time.time())
        self._lifeline: Lifeline | None = None
        if SUPERVISOR_FD in os.environ:
            faulthandler.register(SHOW_STACKS)
            self._lifeline = Lifeline(gone=self.request_stop)

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked this process to end."""
        return self._stop_requested

    def request_stop(self) -> None:
        """Ask this process to end after its current step."""
        self._stop_requested = True  # no lock: signal handlers do this too

    def catch_signals(self) -> None:
        """Turn SIGINT, SIGTERM and SIGHUP into ``request_stop``."""
        for number in STOP_SIGNALS:
            signal.signal(number, lambda *_: self.request_stop())

    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than until somebody asks to stop; return whether somebody did."""
        deadline = time.monotonic() + seconds
        while not self._stop_requested:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                break
            time.sleep(min(left_s, WAIT_SLICE_S))
        return self._stop_requested

    def worked(self) -> None:
        """Tell the supervisor that this process is good for something: it has done work.

        The first time that is told at once: it may crash on the next piece of work.
        """
        if self._beat != WORKED:
            self._beat = WORKED
            self._next_beat = 0.0
        self.beat()

    def beat(self) -> None:
        """Tell the supervisor that a step is done; cheap, call it every step."""
        now = time.monotonic()
        if self._lifeline is not None and now >= self._next_beat:
            self._next_beat = now + BEAT_INTERVAL_S
            self._lifeline.say(self._beat)

    def tell_error(self, error: Exception) -> None:
        """Tell the supervisor of the error that ends this process."""
        if self._lifeline is not None:
            self._lifeline.say(REASON + f"{type(error).__name__}: {error}\n".encode())

    def run(self, step: Callable[[], None]) -> None:
        """Do step after step until asked to stop."""
        while not self._stop_requested:
            self.beat()
            step()


def set_up_logging(stage: str) -> None:
    """Log to stderr, one line an event; honcho adds the time where it prints the line."""
    time_prefix = "" if "HONCHO_PROCESS_NAME" in os.environ else "%(asctime)s "
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        LineFormatter(f"{time_prefix}%(levelname)s {stage}: %(message)s", "%H:%M:%S")
    )
    handler.addFilter(FloodFilter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def run_main(stage: str, main: Callable[[], None]) -> None:
    """Run a stage's ``main``: an error of ours is one line and exit code 2, others a traceback."""
    try:
        main()
    except FerstreamError as error:
        print(f"{stage}: {printable(str(error))}", file=sys.stderr)  # noqa: T201 - the line the user is to read
        sys.exit(2)
