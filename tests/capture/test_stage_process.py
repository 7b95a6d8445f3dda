"""Tests of the capture stage as the process that a supervisor starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.messages import Bye, CameraHello, EndOfSource, Finish, Frame
from tests.capture.fake_broker import FakeBroker, run_until
from tests.support import media

ROOT = Path(__file__).parents[2]
StartProcess = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start_process(endpoint: str) -> Iterator[StartProcess]:
    processes: list[subprocess.Popen[bytes]] = []

    def start(**variables: str) -> subprocess.Popen[bytes]:
        environ = os.environ | {"BROKER_ENDPOINT": endpoint} | variables
        command = [sys.executable, "-m", "capture.stage"]
        processes.append(subprocess.Popen(command, cwd=ROOT, env=environ))
        return processes[-1]

    yield start
    for process in processes:
        process.terminate()
    for process in processes:
        assert process.wait(5) is not None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(
    start_broker: Callable[[], FakeBroker], start_process: StartProcess, number: signal.Signals
) -> None:
    broker, process = start_broker(), start_process(CAPTURE_SOURCE="demo")
    run_until(lambda: len(broker.of(Frame)) >= 3, broker.serve)
    ring = Path(broker.of(Frame)[0].ring)
    assert ring.exists()
    process.send_signal(number)
    run_until(lambda: broker.of(Bye), broker.serve)
    assert process.wait(5) == 0
    assert not ring.exists()


def test_finish_ends_it_with_0_and_the_ring_stays_until_then(
    start_broker: Callable[[], FakeBroker], start_process: StartProcess, tmp_path: Path
) -> None:
    video = str(media.write_h264(tmp_path / "v.mp4"))
    broker = start_broker()
    process = start_process(CAPTURE_SOURCE=video, CAPTURE_MODE="lossless")
    run_until(lambda: broker.of(EndOfSource), broker.serve)
    ring = Path(broker.of(Frame)[-1].ring)
    assert ring.exists()
    assert process.poll() is None
    broker.send(Finish())
    assert process.wait(5) == 0
    assert not ring.exists()


def test_one_that_was_killed_leaves_its_ring_to_the_next(
    start_broker: Callable[[], FakeBroker], start_process: StartProcess
) -> None:
    broker, process = start_broker(), start_process(CAPTURE_SOURCE="demo")
    run_until(lambda: broker.of(Frame), broker.serve)
    ring = Path(broker.of(Frame)[0].ring)
    process.kill()
    process.wait()
    assert ring.exists()
    start_process(CAPTURE_SOURCE="demo")
    run_until(lambda: len(broker.of(CameraHello)) >= 2, broker.serve)
    assert not ring.exists()
