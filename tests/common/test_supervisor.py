"""Real supervisors over real children: small modules written for each test."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from common.cores import usable_cores
from tests.support.rings import rings_of
from tests.support.waiting import DEADLINE_S, eventually

ROOT = Path(__file__).resolve().parents[2]
SUPERVISOR = """
from dataclasses import dataclass
import common.child, common.signs_of_life, common.supervisor
from common.config import BrokerSettings, setting, worker_count
from common.workers import Share, WorkerRule

common.child.BACKOFF_S = (0.05, 0.2, 0.2, 0.2, 0.2)
common.signs_of_life.STUCK_S = {stuck_s}
common.supervisor.STOP_TIMEOUT_S = 2.0

RULE = WorkerRule(live=Share(cores=1, most=2), lossless=Share(cores=1, most=1))

@dataclass(frozen=True, slots=True)
class OddConfig(BrokerSettings):
    '''A stage for tests.'''
    workers: int | WorkerRule = setting("ODD_WORKERS", 1, worker_count(RULE), "how many")
    is_given_up = {is_given_up}

common.supervisor.supervise("odd", OddConfig, "odd_stage")
"""
STAGE = """
import os, signal, sys, time
from pathlib import Path
import common.lifeline, common.lifetime
common.lifeline.ORPHAN_GRACE_S = 5.0
lifetime = common.lifetime.Lifetime()
lifetime.catch_signals()
def note(word):
    with Path("log").open("a") as log:
        log.write(f"{word} {os.getpid()} {lifetime.instance} {lifetime.restarts}\\n")
lifetime.beat()
note("start")
"""
WAIT_FOR_STOP = "lifetime.run(lambda: lifetime.wait(0.05))\nnote('end')\n"
HANG = "common.lifeline.ORPHAN_GRACE_S = 0.5\ntime.sleep(1000)\n"


class Note(NamedTuple):
    word: str
    pid: int
    instance: str
    restarts: int


class Odd:
    """A supervisor with its children, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.write_supervisor()
        self.process: subprocess.Popen[str] | None = None
        self.environ = os.environ | {"PYTHONPATH": f"{directory}{os.pathsep}{ROOT}"}
        self.environ.pop("HONCHO_PROCESS_NAME", None)

    def start(self, body: str, *arguments: str) -> subprocess.Popen[str]:
        self.write_stage(body)
        self.process = subprocess.Popen(
            [sys.executable, "supervisor.py", *arguments],
            cwd=self.directory,
            env=self.environ,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self.process

    def write_supervisor(
        self, stuck_s: float = 3.0, first: str = "", *, is_given_up: bool = True
    ) -> None:
        text = first + SUPERVISOR.format(stuck_s=stuck_s, is_given_up=is_given_up)
        (self.directory / "supervisor.py").write_text(text)

    def write_stage(self, body: str) -> None:
        (self.directory / "odd_stage.py").write_text(STAGE + textwrap.dedent(body))

    def end(self) -> tuple[int, str]:
        """Wait for the supervisor's end; give its exit code and what it logged."""
        assert self.process is not None
        _, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, errors

    def read_until(self, words: str) -> None:
        """Read what the supervisor logs until it says this."""
        assert self.process is not None
        assert self.process.stderr is not None
        assert any(words in line for line in self.process.stderr)

    def notes(self, word: str) -> list[Note]:
        path = self.directory / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        found = [line.split() for line in lines if line.count(" ") == 3]
        return [Note(w, int(pid), instance, int(n)) for w, pid, instance, n in found if w == word]

    def started(self, count: int = 1) -> list[Note]:
        def enough() -> list[Note]:
            notes = self.notes("start")
            return notes if len(notes) >= count else []

        return eventually(enough, f"{count} children")

    def kill_all(self) -> None:
        for note in self.notes("start"):
            if psutil.pid_exists(note.pid) and self._is_ours(note.pid):
                os.kill(note.pid, signal.SIGKILL)
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            if self.process.stderr is not None:
                self.process.stderr.close()

    def _is_ours(self, pid: int) -> bool:
        try:
            return psutil.Process(pid).cwd() == str(self.directory)
        except psutil.Error:
            return False


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Odd]:
    made = Odd(tmp_path)
    yield made
    made.kill_all()


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_child_that_crashes_is_started_again_as_the_same_instance(odd: Odd) -> None:
    odd.start("sys.exit(3 if lifetime.restarts < 2 else 0)")
    code, errors = odd.end()
    starts = odd.notes("start")
    assert code == 0
    assert [note.restarts for note in starts] == [0, 1, 2]
    assert len({note.instance for note in starts}) == 1
    assert len({note.pid for note in starts}) == 3
    assert "odd_stage ended with 3; starting it again in 0.1 s" in errors


def test_child_that_is_killed_is_started_again(odd: Odd) -> None:
    odd.start(WAIT_FOR_STOP)
    os.kill(odd.started()[0].pid, signal.SIGKILL)
    assert odd.started(2)[1].restarts == 1
    assert odd.process is not None
    odd.process.terminate()
    code, errors = odd.end()
    assert code == 0
    assert "odd_stage was killed by SIGKILL; starting it again" in errors


@pytest.mark.skipif(sys.platform != "linux", reason="others have no such signals")
def test_child_that_is_killed_by_a_signal_without_a_name_is_started_again(odd: Odd) -> None:
    odd.start(f"if not lifetime.restarts: os.kill(os.getpid(), {signal.SIGRTMIN + 6})")
    code, errors = odd.end()
    assert code == 0, errors
    assert f"was killed by signal {signal.SIGRTMIN + 6}; starting it again" in errors


def test_child_that_cannot_be_started_is_tried_again_before_it_is_given_up(odd: Odd) -> None:
    odd.write_supervisor(first="import sys; sys.executable = './python'")
    (odd.directory / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (odd.directory / "python").chmod(0o700)
    odd.start("Path('python').unlink(); os._exit(3)")
    code, errors = odd.end()
    assert code == 1
    assert "Traceback" not in errors
    why = "odd_stage cannot be started (No such file or directory)"
    assert errors.count(f"{why}; starting it again") == 3
    assert f"{why}, 5 times in a minute; giving up" in errors


TRACE = """
import ctypes, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
seize = 0x4206  # sys/ptrace.h
if libc.ptrace(seize, int(sys.argv[1]), None, None):
    sys.exit(f"errno {ctypes.get_errno()}")
print("traced", flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux traces so")
def test_child_that_is_not_gone_when_it_is_killed_holds_nothing_up(odd: Odd) -> None:
    """As one that a driver holds, or here a debugger, which is to see its end first."""
    process = odd.start(HANG)
    (child,) = odd.started()
    with subprocess.Popen(
        [sys.executable, "-c", TRACE, str(child.pid)], stdout=subprocess.PIPE, text=True
    ) as debugger:
        try:
            assert debugger.stdout is not None
            if debugger.stdout.readline() != "traced\n":
                pytest.skip("processes cannot be traced here")
            odd.read_until("killing it")
            process.terminate()
            assert odd.end()[0] == 0
        finally:
            debugger.kill()


def test_child_that_crashes_five_times_in_a_minute_is_given_up(odd: Odd) -> None:
    odd.start("raise RuntimeError('a defect')")
    code, errors = odd.end()
    assert code == 1
    assert len(odd.notes("start")) == 5
    assert errors.count("RuntimeError: a defect") == 5
    assert "odd_stage ended with 1, 5 times in a minute; giving up" in errors


def test_child_that_ran_for_long_is_started_again_at_once(odd: Odd) -> None:
    odd.write_supervisor(30.0, first="import common.child\ncommon.child.STEADY_S = 3.0\n")
    odd.start("time.sleep(3.5 if lifetime.restarts < 2 else 0)\nraise RuntimeError('a defect')")
    code, errors = odd.end()
    assert code == 1, "it is given up all the same"
    assert errors.count("ended with 1; starting it again\n") == 2
    assert errors.count("ended with 1; starting it again in 0.1 s") == 1, "the first pause"
    assert errors.count("ended with 1; starting it again in 0.2 s") == 1


def test_child_that_crashes_after_work_is_started_again_however_often(odd: Odd) -> None:
    """Each crash may be that of another bad frame, and the broker gives each up in the end."""
    odd.start("lifetime.worked()\nos._exit(3 if lifetime.restarts < 8 else 0)")
    code, errors = odd.end()
    assert code == 0
    assert len(odd.notes("start")) == 9
    assert errors.count("starting it again in 0.1 s") == 8, "as after a first crash"


def test_work_makes_up_for_the_crashes_before_it_but_not_for_those_after(odd: Odd) -> None:
    odd.start("if lifetime.restarts == 4: lifetime.worked()\nos._exit(3)")
    code, errors = odd.end()
    assert code == 1
    assert len(odd.notes("start")) == 4 + 5
    assert errors.count("starting it again in 0.1 s") == 2, "the first pause, twice"
    assert "odd_stage ended with 3, 5 times in a minute; giving up" in errors


WORKS_ONCE = (
    "if not lifetime.restarts: lifetime.worked()\nos._exit(3 if lifetime.restarts < 8 else 0)"
)


def test_child_that_is_not_given_up_is_tried_on_once_it_has_worked(odd: Odd) -> None:
    odd.write_supervisor(is_given_up=False)
    odd.start(WORKS_ONCE)
    assert odd.end()[0] == 0
    assert len(odd.notes("start")) == 9


def test_child_that_never_worked_is_given_up_in_any_case(odd: Odd) -> None:
    odd.write_supervisor(is_given_up=False)
    odd.start("os._exit(3)")
    assert odd.end()[0] == 1


def test_work_of_one_worker_does_not_make_up_for_anothers_crashes(odd: Odd) -> None:
    odd.start(
        """
        try:
            Path("first").touch(exist_ok=False)
        except FileExistsError:
            os._exit(3)
        lifetime.run(lambda: lifetime.worked() or lifetime.wait(0.05))
        """,
        "--workers",
        "2",
    )
    assert odd.end()[0] == 1


@pytest.mark.parametrize("code", [0, 2])
def test_child_that_is_done_or_has_a_wrong_setting_is_not_started_again(
    odd: Odd, code: int
) -> None:
    odd.start(f"sys.exit({code})")
    assert odd.end()[0] == code
    assert len(odd.notes("start")) == 1


def test_child_that_hangs_is_killed_and_started_again(odd: Odd) -> None:
    odd.start("time.sleep(0 if lifetime.restarts else 1000)")
    code, errors = odd.end()
    assert code == 0
    assert [note.restarts for note in odd.notes("start")] == [0, 1]
    assert "was stuck in one step for 3 s; killing it" in errors
    assert "odd_stage was stuck in one step for 3 s; starting it again in 0.1 s" in errors
    assert re.search(r'odd_stage.py", line \d+ in <module>', errors), "where it was stuck"


FROZEN = {
    "was stopped (SIGSTOP)": "os.kill(os.getpid(), signal.SIGSTOP)",
    "did not answer for 3 s": "import ctypes; ctypes.PyDLL(None).sleep(1000)",  # no thread runs
}


@pytest.mark.parametrize(("why", "how"), FROZEN.items(), ids=["stopped", "deadlocked"])
def test_child_that_is_frozen_is_replaced_long_before_one_that_is_stuck(
    odd: Odd, why: str, how: str
) -> None:
    odd.write_supervisor(stuck_s=1000.0)
    odd.start(
        f"""
        if not lifetime.restarts:
            {how}
        Path("why").write_text(lifetime.last_end)
        """
    )
    code, errors = odd.end()
    assert code == 0
    assert f"odd_stage {why}; starting it again in 0.1 s" in errors
    assert (odd.directory / "why").read_text() == why


def test_child_in_a_long_step_is_left_alone_while_it_runs(odd: Odd) -> None:
    odd.write_supervisor(stuck_s=1000.0)
    odd.start("time.sleep(4.5)")  # half as long again as it takes to be taken for frozen
    assert odd.end()[0] == 0
    assert len(odd.notes("start")) == 1


def test_child_that_freezes_five_times_in_a_minute_is_given_up(odd: Odd) -> None:
    odd.start("os.kill(os.getpid(), signal.SIGSTOP)")
    code, errors = odd.end()
    assert code == 1
    assert "odd_stage was stopped (SIGSTOP), 5 times in a minute; giving up" in errors


def test_error_that_ends_a_child_is_told_to_the_next(odd: Odd) -> None:
    odd.start(
        """
        if not lifetime.restarts:
            lifetime.tell_error(RuntimeError("camera door:\x1b[31m gone"))
            sys.exit(3)
        Path("why").write_text(lifetime.last_end)
        """
    )
    code, errors = odd.end()
    assert code == 0
    told = r"ended with 3 (RuntimeError: camera door:\x1b[31m gone)"
    assert f"odd_stage {told}; starting it again" in errors
    assert (odd.directory / "why").read_text() == told


@pytest.mark.parametrize("body", [WAIT_FOR_STOP, HANG])
def test_child_does_not_outlive_a_killed_supervisor(odd: Odd, body: str) -> None:
    process = odd.start(body)
    (child,) = odd.started()
    process.kill()
    eventually(lambda: is_gone(child.pid), "the child's end")
    assert len(odd.notes("end")) == (1 if body == WAIT_FOR_STOP else 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux wakes it")
def test_child_that_is_stopped_does_not_outlive_a_killed_supervisor(odd: Odd) -> None:
    process = odd.start(WAIT_FOR_STOP)
    child = psutil.Process(odd.started()[0].pid)
    child.suspend()
    eventually(lambda: child.status() == psutil.STATUS_STOPPED, "the child's stop")
    process.kill()
    eventually(lambda: is_gone(child.pid), "the child's end")
    assert len(odd.notes("end")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_the_child_in_order(odd: Odd, number: signal.Signals) -> None:
    process = odd.start(WAIT_FOR_STOP)
    (child,) = odd.started()
    process.send_signal(number)
    assert odd.end()[0] == 0
    assert [note.pid for note in odd.notes("end")] == [child.pid]


def test_child_that_does_not_stop_is_killed_and_its_ring_removed(odd: Odd) -> None:
    process = odd.start(
        """
        from common.ring import RingWriter
        ring = RingWriter(4, 4, 2)
        note("ring")
        while True:
            lifetime.beat()
            time.sleep(0.05)
        """
    )
    eventually(lambda: odd.notes("ring"), "the ring")
    child = odd.notes("ring")[0].pid
    rings = list(rings_of(psutil.Process(child)))
    assert len(rings) == 1
    process.terminate()
    code, errors = odd.end()
    assert code == 0
    assert f"process {child} does not stop; killing it" in errors
    assert not rings[0].exists()


def test_as_many_workers_are_started_as_told_each_an_instance_of_its_own(odd: Odd) -> None:
    process = odd.start(WAIT_FOR_STOP, "--workers", "3")
    assert len({note.instance for note in odd.started(3)}) == 3
    process.terminate()
    assert odd.end()[0] == 0
    assert len(odd.notes("end")) == 3


def under_honcho(odd: Odd, count: int, *arguments: str, **settings: str) -> str:
    """Run supervisors until there are so many children, and no more; return what they logged."""
    odd.write_stage(WAIT_FOR_STOP)
    (odd.directory / "Procfile").write_text(f"one: exec {sys.executable} supervisor.py\n")
    honcho = subprocess.Popen(
        [sys.executable, "-m", "honcho", "start", *arguments],
        cwd=odd.directory,
        env=odd.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        odd.started(count)
    finally:
        honcho.terminate()
        output, _ = honcho.communicate(timeout=DEADLINE_S)
    assert len(odd.notes("start")) == count
    return output


@pytest.mark.parametrize(("mode", "most"), [("live", 2), ("lossless", 1), ("", 2)])
def test_auto_starts_what_suits_mode_and_cores_and_says_so(odd: Odd, mode: str, most: int) -> None:
    count = min(most, usable_cores())
    output = under_honcho(odd, count, CAPTURE_MODE=mode, ODD_WORKERS="auto")
    assert f"starting {count} odd: {mode or 'live'}, cores to use: {usable_cores()}" in output


@pytest.mark.parametrize("option", ["-cone=2", "--concurrency=other=1,one=2"])
def test_auto_starts_one_each_where_honcho_is_told_how_many(odd: Odd, option: str) -> None:
    output = under_honcho(odd, 2, option, ODD_WORKERS="auto")
    assert output.count("starting 1 odd: more are started as this one was") == 2


def test_number_goes_for_each_supervisor_that_honcho_starts(odd: Odd) -> None:
    under_honcho(odd, 4, "-c", "one=2", ODD_WORKERS="2")


def test_auto_starts_one_by_hand(odd: Odd) -> None:
    process = odd.start(WAIT_FOR_STOP, "--workers", "auto")
    odd.started()
    process.terminate()
    assert "starting 1 odd: more are started as this one was" in odd.end()[1]
    assert len(odd.notes("start")) == 1


def test_one_of_several_workers_crashes_and_the_others_go_on(odd: Odd) -> None:
    process = odd.start(WAIT_FOR_STOP, "--workers", "2")
    victim = odd.started(2)[0]
    os.kill(victim.pid, signal.SIGKILL)
    again = odd.started(3)[2]
    assert again.instance == victim.instance
    process.terminate()
    odd.end()
    assert len(odd.notes("start")) == 3


@pytest.mark.parametrize(("given", "seen"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_child_gets_one_blas_thread_unless_the_user_says_otherwise(
    odd: Odd, given: dict[str, str], seen: str
) -> None:
    odd.environ.pop("OPENBLAS_NUM_THREADS", None)
    odd.environ |= given
    odd.start("note(os.environ['OPENBLAS_NUM_THREADS'])")
    assert odd.end()[0] == 0
    assert odd.notes(seen)


def test_wrong_setting_is_one_line_and_starts_nothing(odd: Odd) -> None:
    odd.start(WAIT_FOR_STOP, "--workers", "0")
    code, errors = odd.end()
    assert code == 2
    assert errors == "odd: ODD_WORKERS=0: expected auto or a whole number from 1 to 64\n"
    assert odd.notes("start") == []


@pytest.mark.parametrize(
    ("number", "stopped"),
    [
        (signal.SIGTERM, ""),
        (signal.SIGKILL, ""),
        (signal.SIGKILL, "odd_stage"),
        pytest.param(
            signal.SIGKILL,
            "supervisor.py",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="no handle on honcho"),
        ),
    ],
)
def test_nothing_outlives_honcho(odd: Odd, number: signal.Signals, stopped: str) -> None:
    odd.write_stage(WAIT_FOR_STOP)
    command = f"{sys.executable} supervisor.py"
    (odd.directory / "Procfile").write_text(f"one: exec {command}\ntwo: {command}\n")
    log = (odd.directory / "honcho.log").open("w")
    honcho = subprocess.Popen(
        [sys.executable, "-m", "honcho", "start"],
        cwd=odd.directory,
        env=odd.environ,
        stdout=log,
        stderr=log,
    )
    try:
        odd.started(2)
        family = psutil.Process(honcho.pid).children(recursive=True)
        assert len(family) >= 4
        for item in family if stopped else []:
            if stopped in item.cmdline() and "-c" not in item.cmdline():
                item.suspend()
        honcho.send_signal(number)
        eventually(lambda: all(is_gone(item.pid) for item in family), "the end of all")
        assert len(odd.notes("end")) == (0 if stopped == "odd_stage" else 2)
    finally:
        honcho.kill()
        honcho.wait()
        log.close()
    output = (odd.directory / "honcho.log").read_text()
    assert not re.search("Traceback", output)
