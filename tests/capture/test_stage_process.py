"""Tests of the capture stage as the process that a supervisor starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from common.messages import Bye, CameraHello, CameraState, EndOfSource, Finish, Frame
from common.ring import RingReader
from tests.capture.rig import Rig
from tests.support import media
from tests.support.waiting import DEADLINE_S, eventually

ROOT = Path(__file__).parents[2]
SMALL_SHARED_MEMORY = 'mount -t tmpfs -o size=4m tmpfs /dev/shm && exec "$@"'
StartProcess = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start_process(endpoint: str) -> Iterator[StartProcess]:
    processes: list[subprocess.Popen[bytes]] = []

    def start(*wrapper: str, **variables: str) -> subprocess.Popen[bytes]:
        environ = os.environ | {"BROKER_ENDPOINT": endpoint} | variables
        command = [*wrapper, sys.executable, "-m", "capture.stage"]
        processes.append(subprocess.Popen(command, cwd=ROOT, env=environ))
        return processes[-1]

    yield start
    for process in processes:
        process.terminate()
    for process in processes:
        assert process.wait(DEADLINE_S) is not None


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
    assert process.wait(DEADLINE_S) == 0
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
    assert process.wait(DEADLINE_S) == 0
    assert not ring.exists()


def test_a_ring_that_was_deleted_is_replaced(rig: Rig, start_process: StartProcess) -> None:
    """As systemd does with files in shared memory when their user logs out."""
    broker, process = rig.broker, start_process(CAPTURE_SOURCE="demo")
    eventually(lambda: broker.of(Frame), doing=broker.serve)
    lost = Path(broker.of(Frame)[0].ring)
    lost.unlink()
    eventually(lambda: Path(broker.of(Frame)[-1].ring) != lost, doing=broker.serve)
    frame = broker.of(Frame)[-1]
    assert RingReader().read(frame.ring, frame.slot, frame.height, frame.width).any()
    assert process.poll() is None


def test_a_lossless_capture_whose_ring_was_deleted_makes_way_for_one_that_loses_no_frame(
    rig: Rig, start_process: StartProcess
) -> None:
    broker, process = rig.broker, start_process(CAPTURE_SOURCE="demo", CAPTURE_MODE="lossless")
    broker.releases = False
    eventually(lambda: broker.of(Frame), doing=broker.serve)
    Path(broker.of(Frame)[0].ring).unlink()
    eventually(lambda: process.poll() is not None, "its end", doing=broker.serve)
    assert process.returncode == 1, "its supervisor starts it again"
    assert not broker.of(Bye)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_size_without_room_puts_the_camera_offline_and_ends_nothing(
    rig: Rig, start_process: StartProcess, tmp_path: Path
) -> None:
    folder = media.write_folder(tmp_path / "shots", ["a.png"])
    cv2.imwrite(str(folder / "b.png"), media.picture(1, 1600, 1200))
    small = ("unshare", "--mount", "sh", "-c", SMALL_SHARED_MEMORY, "sh")
    broker = rig.broker
    process = start_process(*small, CAPTURE_SOURCE=str(folder), CAPTURE_LOOP="1")
    eventually(
        lambda: any("1600x1200" in state.reason for state in broker.of(CameraState)),
        doing=broker.serve,
    )
    before = len(broker.of(Frame))
    eventually(lambda: len(broker.of(Frame)) > before, "small images", doing=broker.serve)
    assert {frame.width for frame in broker.of(Frame)} == {media.WIDTH}
    assert process.poll() is None


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
