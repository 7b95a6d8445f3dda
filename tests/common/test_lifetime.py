from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from common.errors import ConfigError, ModelError
from common.lifeline import STEPPED, SUPERVISOR_FD, WORKED
from common.lifetime import (
    INSTANCE,
    RESTARTS,
    STOP_SIGNALS,
    Lifetime,
    run_main,
    set_up_logging,
)
from tests.support.waiting import DEADLINE_S

STAGE = """
import os, sys, time
import common.lifeline, common.lifetime
common.lifeline.ORPHAN_GRACE_S = 0.3
common.lifeline.BEAT_INTERVAL_S = common.lifetime.BEAT_INTERVAL_S = 0.01
lifetime = common.lifetime.Lifetime()
lifetime.catch_signals()
assert common.lifeline.SUPERVISOR_FD not in os.environ, "a child of its own must not have it"
steps = []
def step():
    {step}
lifetime.run(step)
print("in order")
"""

STORM = """
import sys, threading
from common.lifetime import Lifetime
lifetime = Lifetime()
lifetime.catch_signals()
enough = []
threading.Thread(target=lambda: enough.append(sys.stdin.readline())).start()
print("ready", flush=True)
while not enough:
    {step}
"""


@pytest.fixture
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def start(step: str) -> tuple[subprocess.Popen[str], socket.socket]:
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-c", STAGE.format(step=step)],
        env=os.environ | {SUPERVISOR_FD: str(theirs.fileno())},
        pass_fds=[theirs.fileno()],
        stdout=subprocess.PIPE,
        text=True,
    )
    theirs.close()
    ours.settimeout(DEADLINE_S)
    wait_for(STEPPED, ours)
    return process, ours


def wait_for(word: bytes, ours: socket.socket) -> None:
    """Read what a stage says until it says this."""
    while said := ours.recv(1):
        if said == word:
            return
    pytest.fail(f"the stage ended and did not say {word!r}")


def test_stage_whose_supervisor_is_gone_ends_in_order() -> None:
    process, ours = start("time.sleep(0.01)")
    with process:
        ours.close()
        output, _ = process.communicate(timeout=DEADLINE_S)
    assert output == "in order\n"
    assert process.returncode == 0


def test_stage_that_hangs_and_whose_supervisor_is_gone_ends_too() -> None:
    process, ours = start("time.sleep(1000)")
    with process:
        ours.close()
        output, _ = process.communicate(timeout=DEADLINE_S)
    assert output == ""
    assert process.returncode == 1


def test_stage_that_is_not_listened_to_goes_on() -> None:
    process, ours = start(
        "common.lifetime.BEAT_INTERVAL_S = 0.0; steps.append(1); "
        "len(steps) < 5000 or lifetime.request_stop()"  # more than its socket holds
    )
    with process, ours:
        assert process.communicate(timeout=DEADLINE_S)[0] == "in order\n"
        assert process.returncode == 0


@pytest.mark.parametrize("number", STOP_SIGNALS)
@pytest.mark.usefixtures("_handlers")
def test_signal_only_sets_the_flag(number: signal.Signals) -> None:
    lifetime = Lifetime()
    lifetime.catch_signals()
    assert not lifetime.stop_requested
    signal.raise_signal(number)
    assert lifetime.stop_requested


@pytest.mark.parametrize("step", ["lifetime.wait(0.001)", "lifetime.stop_requested"])
def test_signal_that_comes_while_another_is_handled_blocks_nothing(step: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STORM.format(step=step)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(2000):
            for number in STOP_SIGNALS * 2:
                process.send_signal(number)
        try:
            process.communicate("enough\n", timeout=DEADLINE_S)
        finally:
            process.kill()
    assert process.returncode == 0


def test_wait_ends_soon_after_a_signal_that_comes_twice() -> None:
    processes = [start("lifetime.wait(60.0)") for _ in range(8)]
    try:
        for process, _ in processes:
            process.terminate()
            process.terminate()
        for process, _ in processes:
            assert process.communicate(timeout=DEADLINE_S)[0] == "in order\n"
    finally:
        for process, ours in processes:
            process.kill()
            process.communicate()
            ours.close()


def test_wait_ends_soon_after_another_thread_asks_to_stop() -> None:
    lifetime = Lifetime()
    assert not lifetime.wait(0.01)
    asking = threading.Timer(0.1, lifetime.request_stop)
    asking.start()
    started = time.monotonic()
    assert lifetime.wait(60.0)
    assert lifetime.wait(60.0)
    assert time.monotonic() - started < 30.0
    asking.join()


def test_first_work_is_told_at_once() -> None:
    process, ours = start("lifetime.worked(); os._exit(3)")
    with process, ours:
        wait_for(WORKED, ours)
        process.communicate(timeout=DEADLINE_S)


def test_stage_does_steps_until_it_is_asked_to_stop() -> None:
    lifetime = Lifetime()
    steps = []

    def step() -> None:
        steps.append(1)
        if len(steps) == 3:
            lifetime.request_stop()

    lifetime.run(step)
    assert len(steps) == 3
    lifetime.run(step)
    assert len(steps) == 3, "not a single one once it is to stop"


def test_instance_and_restarts_come_from_the_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INSTANCE, "abc")
    monkeypatch.setenv(RESTARTS, "3")
    lifetime = Lifetime()
    assert (lifetime.instance, lifetime.restarts) == ("abc", 3)


def test_without_a_supervisor_every_process_is_an_instance_of_its_own() -> None:
    first, second = Lifetime(), Lifetime()
    first.beat()
    assert first.instance != second.instance
    assert first.restarts == 0


@pytest.mark.parametrize("error", [ConfigError("SAMPLE=1: expected 2"), ModelError("no model")])
def test_error_of_ours_is_one_line_and_exit_code_two(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        run_main("sample", main)
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"sample: {error}\n"


def test_any_other_error_is_not_hidden() -> None:
    def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_main("sample", main)


@pytest.mark.parametrize(("under_honcho", "prefix"), [(True, ""), (False, "00:00:00 ")])
def test_log_is_one_line_with_the_time_unless_honcho_adds_it(
    under_honcho: bool,
    prefix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("HONCHO_PROCESS_NAME", raising=False)
    if under_honcho:
        monkeypatch.setenv("HONCHO_PROCESS_NAME", "sample.1")
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    try:
        set_up_logging("sample")
        logging.getLogger("any").info("frame %d", 3)
    finally:
        root.handlers = before
        root.setLevel(level)
    line = capsys.readouterr().err
    assert line.endswith("INFO sample: frame 3\n")
    assert len(line) == len(prefix) + len("INFO sample: frame 3\n")
