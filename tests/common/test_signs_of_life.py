"""How long a supervisor hears nothing of a process, by a clock that the tests move."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from common.lifeline import ALIVE, REASON, STEPPED, WORKED
from common.signs_of_life import (
    FROZEN_S,
    PAUSE_S,
    START_TIMEOUT_S,
    STOPPED_S,
    STUCK_S,
    SignsOfLife,
)
from tests.support.waiting import eventually

LOOK_S = 0.1


class Watched:
    """A process that sleeps, what it says, and a clock.

    Attributes:
        says: Its end of the pair.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        self.process = psutil.Process(self._process.pid)
        self._now_s = 1000.0
        monkeypatch.setattr("common.signs_of_life.time", SimpleNamespace(monotonic=self._now))
        pair, self.says = socket.socketpair()
        self.signs = SignsOfLife(pair, self.process.pid)

    def look_for(self, seconds: float, says: bytes = b"") -> str | None:
        """Look again and again; return what is wrong then."""
        for _ in range(round(seconds / LOOK_S)):
            if says:
                self.says.send(says)
            self.look_after(LOOK_S)
        return self.signs.fault

    def look_after(self, seconds: float) -> str | None:
        """Look once, so much later."""
        self._now_s += seconds
        self.signs.listen()
        return self.signs.fault

    def _now(self) -> float:
        return self._now_s

    def end(self) -> None:
        self.signs.close()
        self.says.close()
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    made = Watched(monkeypatch)
    yield made
    made.end()


def test_process_that_says_nothing_after_its_first_step_is_frozen(watched: Watched) -> None:
    assert watched.look_for(10 * FROZEN_S, ALIVE + STEPPED) is None
    assert watched.look_for(FROZEN_S - LOOK_S) is None
    assert watched.look_for(2 * LOOK_S) == "did not answer for 3 s"


def test_process_that_runs_and_does_no_step_is_stuck(watched: Watched) -> None:
    assert watched.look_for(LOOK_S, STEPPED) is None
    assert watched.look_for(STUCK_S - LOOK_S, ALIVE) is None
    assert watched.look_for(2 * LOOK_S, ALIVE) == "was stuck in one step for 10 s"


@pytest.mark.parametrize("says", [b"", ALIVE])
def test_process_that_starts_has_time(watched: Watched, says: bytes) -> None:
    assert watched.look_for(START_TIMEOUT_S - LOOK_S, says) is None
    assert watched.look_for(2 * LOOK_S, says) == "was not ready 120 s after its start"


@pytest.mark.parametrize("says", [b"", ALIVE + STEPPED], ids=["starting", "started"])
def test_process_that_is_stopped_is_known_sooner(watched: Watched, says: bytes) -> None:
    assert watched.look_for(LOOK_S, says) is None
    watched.process.suspend()
    eventually(lambda: watched.process.status() == psutil.STATUS_STOPPED, "the stop")
    assert watched.look_for(STOPPED_S - 2 * LOOK_S) is None
    assert watched.look_for(3 * LOOK_S) == "was stopped (SIGSTOP)"


def test_process_that_is_stopped_again_and_again_is_left_alone(watched: Watched) -> None:
    watched.process.suspend()
    eventually(lambda: watched.process.status() == psutil.STATUS_STOPPED, "the stop")
    assert watched.look_for(10 * STOPPED_S, ALIVE + STEPPED) is None


def test_time_in_which_the_supervisor_did_not_run_does_not_count(watched: Watched) -> None:
    assert watched.look_for(LOOK_S, STEPPED) is None
    for _ in range(int(FROZEN_S / PAUSE_S)):
        assert watched.look_after(86_400.0) is None
    assert watched.look_for(2 * LOOK_S) == "did not answer for 3 s"


def test_last_words_come_in_pieces_and_only_once(watched: Watched) -> None:
    watched.says.send(ALIVE + WORKED + REASON)
    watched.look_after(LOOK_S)
    assert watched.signs.worked
    watched.says.send(b"camera door: " + REASON)
    watched.look_after(LOOK_S)
    watched.says.send("gr\u00fc\u00dfe\x1b[2J\nof many".encode() + ALIVE)
    watched.signs.close()
    assert watched.signs.reason == r"camera door: !grüße\x1b[2J"


def test_last_words_are_short(watched: Watched) -> None:
    watched.says.send(REASON + b"x" * 3000)
    watched.signs.close()
    assert watched.signs.reason == "x" * 200


def test_last_words_show_no_password(watched: Watched) -> None:
    watched.says.send(REASON + b"OSError: rtsp://me:pass@word/1@door:554/a is gone\n")
    watched.signs.close()
    assert watched.signs.reason == "OSError: rtsp://***@door:554/a is gone"
