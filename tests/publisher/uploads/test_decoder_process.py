"""A decoder is a process that holds nothing of ours and does not outlive us."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from publisher.uploads import decoder_process
from publisher.uploads.decoder_process import DecoderDiedError, DecoderProcess
from publisher.uploads.decoder_protocol import ANSWER, MEMORY_BYTES, Verdict
from tests.publisher.uploading import encoded
from tests.support import media
from tests.support.waiting import DEADLINE_S, eventually

SMALL = encoded(media.picture(20))
ROOT = Path(__file__).resolve().parents[3]
PROC = Path("/proc")
linux = pytest.mark.skipif(not PROC.exists(), reason="the kernel does not show what a process has")
PROGRAM = """
import sys, time
from pathlib import Path
from publisher.uploads.decoder_process import DecoderProcess
from tests.publisher.uploading import encoded
from tests.support import hostile_images
from tests.support import media
process = DecoderProcess(as_it_is=True)
process.decode(encoded(media.picture(20)), time.monotonic() + 60)
print("ready", flush=True)
process.decode(hostile_images.jpeg_of_many_scans(hostile_images.MANY_PIXELS), time.monotonic() + 60)
"""


@pytest.fixture
def process() -> Iterator[DecoderProcess]:
    made = DecoderProcess(as_it_is=True)
    yield made
    made.close()


@pytest.fixture
def system(process: DecoderProcess) -> psutil.Process:
    """The process as the system sees it, ready for work."""
    answer = process.decode(SMALL, time.monotonic() + DEADLINE_S)
    assert answer.verdict is Verdict.DECODED
    (found,) = psutil.Process().children()
    return found


@linux
def test_it_has_no_file_but_its_socket_and_the_log(system: psutil.Process) -> None:
    open_files = sorted(int(entry.name) for entry in (PROC / str(system.pid) / "fd").iterdir())
    assert open_files == [0, 1, 2]
    kinds = {(PROC / str(system.pid) / "fd" / str(number)).readlink().name for number in (0, 1)}
    assert len(kinds) == 1
    assert kinds.pop().startswith("socket:")


@linux
def test_kernel_holds_its_limits(system: psutil.Process) -> None:
    text = (PROC / str(system.pid) / "limits").read_text()
    limits = dict(re.findall(r"^(Max [a-z ]+?) {2,}\S+ +(\S+)", text, re.MULTILINE))
    assert limits["Max address space"] == str(MEMORY_BYTES)
    assert limits["Max open files"] == "0"
    assert limits["Max processes"] == "0"
    assert limits["Max core file size"] == "0"


@linux
def test_it_loads_no_library_but_the_decoder(system: psutil.Process) -> None:
    loaded = (PROC / str(system.pid) / "maps").read_text()
    assert "PIL" in loaded
    assert not re.search(r"/(numpy|cv2|zmq|flask|onnxruntime)/", loaded)


def test_it_gets_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPTURE_SOURCE", "rtsp://somebody:password@camera/")
    monkeypatch.setenv("BROKER_ENDPOINT", "ipc:///tmp/mine.ipc")
    process = DecoderProcess(as_it_is=True)
    try:
        process.decode(SMALL, time.monotonic() + DEADLINE_S)
        (system,) = psutil.Process().children()
        environ = system.environ()
    finally:
        process.close()
    assert environ["BROKER_ENDPOINT"] == "ipc:///tmp/mine.ipc"  # tells whose it is
    assert "password" not in str(environ)


@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_with_a_publisher_that_is_killed(busy: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as publisher:
        assert publisher.stdout is not None
        publisher.stdout.readline()
        (decoder,) = psutil.Process(publisher.pid).children()
        used_s = decoder.cpu_times().user
        if busy:
            eventually(lambda: decoder.cpu_times().user > used_s + 0.1, "work")
        publisher.send_signal(signal.SIGKILL)
    eventually(lambda: not is_there(decoder), "the decoder's end", 5.0)


def is_there(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_it_answers_many_in_turn(process: DecoderProcess) -> None:
    for level in range(0, 250, 25):
        answer = process.decode(
            encoded(media.picture(level), ".png"), time.monotonic() + DEADLINE_S
        )
        assert (answer.verdict, answer.height, answer.width) == (Verdict.DECODED, 48, 64)
    assert len(psutil.Process().children()) == 1


@pytest.mark.parametrize(
    "lie",
    [
        ANSWER.pack(Verdict.DECODED, 60_000, 60_000, 100),  # too many pixels for our drawing
        ANSWER.pack(Verdict.DECODED, 10, 10, 2**32 - 1),
        ANSWER.pack(Verdict.DECODED, 10, 10, 0),
        ANSWER.pack(Verdict.DECODED, 0, 10, 100),
        ANSWER.pack(Verdict.DAMAGED, 10, 10, 100),
        ANSWER.pack(200, 0, 0, 0),
    ],
    ids=["pixels", "bytes", "no bytes", "no pixels", "a picture of a damaged image", "verdict"],
)
def test_decoder_that_was_taken_over_is_not_believed(
    lie: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder_process, "MODULE", "tests.publisher.uploads.lying_decoder")
    process = DecoderProcess(as_it_is=True)
    try:
        with pytest.raises(DecoderDiedError, match="SIGKILL"):
            process.decode(lie, time.monotonic() + DEADLINE_S)
        assert not process.is_alive()
    finally:
        process.close()
