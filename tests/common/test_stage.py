"""A process of the pipeline from its prelude to its end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from common.lifeline import REASON, SUPERVISOR_FD
from tests.support.waiting import DEADLINE_S

STUCK = """
from common.config import BrokerSettings
from common.stage import run_stage

class Stage:
    def step(self):
        raise RuntimeError("camera door: no answer for 20 s")
    def close(self):
        pass

run_stage("odd", BrokerSettings, lambda *_: Stage())
"""


def test_supervisor_is_told_of_the_error_that_ends_a_stage() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(DEADLINE_S)
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", STUCK],
                env=os.environ | {SUPERVISOR_FD: str(theirs.fileno())},
                pass_fds=[theirs.fileno()],
                stderr=subprocess.PIPE,
            )
        said = b"".join(iter(lambda: ours.recv(4096), b""))
    _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 1
    assert REASON + b"RuntimeError: camera door: no answer for 20 s\n" in said
    assert b"Traceback" in errors
