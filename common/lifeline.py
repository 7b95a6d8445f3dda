"""What a stage and its supervisor hear of each other, over the socket pair that joins them.

A thread of the stage says twice a second that the process runs at all, and its loop that a step
is done: so a process that is frozen is told from one that is stuck in a step. The last thing may be
why the process ends. The supervisor says nothing; that the pair closes, or that honcho ends, tells
the stage that it is on its own, even after a kill -9.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable

SUPERVISOR_FD = "FERSTREAM_SUPERVISOR_FD"
HONCHO_FD = "FERSTREAM_HONCHO_FD"

ALIVE = b"."
STEPPED = b"s"
WORKED = b"w"
REASON = b"!"  # the line that follows is why the process ends, in UTF-8

BEAT_INTERVAL_S = 0.5
ORPHAN_GRACE_S = 3.0

log = logging.getLogger(__name__)


class Lifeline:
    """The stage's end of the pair.

    Args:
        gone: Called, in a thread, once supervisor or honcho is gone; what does not end the process
            within ``ORPHAN_GRACE_S`` is cut off.
    """

    def __init__(self, gone: Callable[[], None]) -> None:
        self._gone = gone
        self._supervisor = os.getppid()
        self._pair = socket.socket(fileno=int(os.environ.pop(SUPERVISOR_FD)))
        self._pair.set_inheritable(False)
        self._poll = select.poll()
        self._poll.register(self._pair, select.POLLIN)
        honcho = os.environ.pop(HONCHO_FD, None)
        if honcho is not None:
            os.set_inheritable(int(honcho), False)
            self._poll.register(int(honcho), select.POLLIN)
        threading.Thread(target=self._keep, name="lifeline", daemon=True).start()

    def say(self, word: bytes) -> None:
        """Tell the supervisor something, if it is there and listens."""
        try:
            self._pair.send(word, socket.MSG_DONTWAIT)
        except BlockingIOError:
            log.debug("the supervisor is not reading heartbeats")
        except OSError as error:  # the thread sees the same, and acts
            log.debug("the supervisor is gone: %s", error)

    def _keep(self) -> None:
        """Say that this process runs, until it is on its own; then end it."""
        self.say(ALIVE)
        while not self._poll.poll(1000 * BEAT_INTERVAL_S):
            self.say(ALIVE)
        self._gone()
        if os.getppid() == self._supervisor:
            os.kill(self._supervisor, signal.SIGCONT)  # stopped, it would stay when honcho is gone
        time.sleep(ORPHAN_GRACE_S)
        os._exit(1)
