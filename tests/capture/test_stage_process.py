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
from tests.capture.rig import Rig
from tests.support import media
from tests.support.waiting import eventually

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
    rig: Rig, start_process: StartProcess, number: signal.Signals
) -> None:
    broker, process = rig.broker, start_process(CAPTURE_SOURCE="demo")
    eventually(lambda: len(broker.of(Frame)) >= 3, doing=broker.serve)
    ring = Path(broker.of(Frame)[0].ring)
    assert ring.exists()
    process.send_signal(number)
    eventually(lambda: broker.of(Bye), doing=broker.serve)
    assert process.wait(5) == 0
    assert not ring.exists()


def test_finish_ends_it_with_0_and_the_ring_stays_until_then(
    rig: Rig, start_process: StartProcess, tmp_path: Path
) -> None:
    video = str(media.write_h264(tmp_path / "v.mp4"))
    broker = rig.broker
    process = start_process(CAPTURE_SOURCE=video, CAPTURE_MODE="lossless")
    eventually(lambda: broker.of(EndOfSource), doing=broker.serve)
    ring = Path(broker.of(Frame)[-1].ring)
    assert ring.exists()
    assert process.poll() is None
    broker.send(Finish())
    assert process.wait(5) == 0
    assert not ring.exists()


def test_one_that_was_killed_leaves_its_ring_to_the_next(
    rig: Rig, start_process: StartProcess
) -> None:
    broker, process = rig.broker, start_process(CAPTURE_SOURCE="demo")
    eventually(lambda: broker.of(Frame), doing=broker.serve)
    ring = Path(broker.of(Frame)[0].ring)
    process.kill()
    process.wait()
    start_process(CAPTURE_SOURCE="demo")
    eventually(lambda: len(broker.of(CameraHello)) >= 2, doing=broker.serve)
    assert not ring.exists()
