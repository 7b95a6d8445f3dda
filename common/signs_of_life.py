"""What a supervisor hears of a stage's process, and for how long it has heard nothing."""

from __future__ import annotations

import logging
import socket
import time

import psutil

from common.lifeline import REASON, STEPPED, WORKED
from common.passwords import without_passwords
from common.printable import printable

START_TIMEOUT_S = 120.0  # TensorFlow on a slow disk
FROZEN_S = 3.0
"""Three heartbeats to the broker, which gives a peer up after as long."""
STOPPED_S = 0.7
"""A sign that did not come, where the system says that the process is stopped: no load is to
blame."""
STUCK_S = 10.0
"""At one step, such as one frame, batch or record; the slowest here, a photograph of 12 million
pixels, takes half a second."""
PAUSE_S = 0.5
"""More than that between two looks, and the supervisor itself did not run."""
MAX_REASON_LENGTH = 200

log = logging.getLogger(__name__)


class SignsOfLife:
    """The supervisor's end of the pair.

    Time counts only while the supervisor runs, too: a machine that sleeps, or a container that is
    paused, freezes both.

    Args:
        pair: The supervisor's socket.
        pid: The number of the process.

    Attributes:
        worked: Whether the process has said that it did work.
    """

    def __init__(self, pair: socket.socket, pid: int) -> None:
        self._pair = pair
        self._pair.setblocking(False)
        self._pid = pid
        self._looked_at = time.monotonic()
        self._started = False
        self._silent_s = 0.0
        self._step_s = 0.0
        self._last_words: bytes | None = None
        self.worked = False

    @property
    def reason(self) -> str:
        """Why the process ends, as it said itself, fit for all to see; empty if it said nothing."""
        line = (self._last_words or b"").partition(b"\n")[0].decode("utf-8", "replace")
        return printable(without_passwords(line))[:MAX_REASON_LENGTH]

    @property
    def is_stuck(self) -> bool:
        """Whether the process runs and does not come back from a step, or from its start."""
        return self._step_s > (STUCK_S if self._started else START_TIMEOUT_S)

    @property
    def is_stopped(self) -> bool:
        """Whether the process does not run because somebody has stopped it (SIGSTOP)."""
        return self._silent_s > STOPPED_S and _is_stopped(self._pid)

    @property
    def is_frozen(self) -> bool:
        """Whether the process does not run.

        At its start a library that is loaded may hold everything up for as long.
        """
        return self._silent_s > FROZEN_S and self._started

    @property
    def fault(self) -> str | None:
        """What the process does not do, for people; None where nothing is wrong."""
        if self.is_stopped:
            return "was stopped (SIGSTOP)"
        if self.is_frozen:
            return f"did not answer for {FROZEN_S:.0f} s"
        if self.is_stuck and self._started:
            return f"was stuck in one step for {STUCK_S:.0f} s"
        return f"was not ready {START_TIMEOUT_S:.0f} s after its start" if self.is_stuck else None

    def listen(self) -> None:
        """Take in what the process has said since the last time."""
        now = time.monotonic()
        passed_s, self._looked_at = min(now - self._looked_at, PAUSE_S), now
        self._silent_s += passed_s
        self._step_s += passed_s
        try:
            said = self._pair.recv(4096)
        except BlockingIOError:
            return
        except OSError as error:
            log.warning("no heartbeats from process %d: %s", self._pid, error)
            return
        if self._last_words is not None:
            self._last_words += said
            return
        beats, mark, words = said.partition(REASON)
        if mark:
            self._last_words = words
        if said:
            self._silent_s = 0.0
        if STEPPED in beats or WORKED in beats:
            self._step_s, self._started = 0.0, True
        self.worked |= WORKED in beats

    def close(self) -> None:
        """Take in the last words, and close the pair."""
        self.listen()
        self._pair.close()


def _is_stopped(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False
