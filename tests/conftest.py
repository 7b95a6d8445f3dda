"""What the tests of all folders share; whatever a test starts must have ended with it."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq
from hypothesis import HealthCheck, settings

from tests.support.rings import rings_of
from tests.support.waiting import eventually

PATIENCE_S = 5.0
"""How long a thread or process that is ending may take."""

pytest_plugins = ("tests.support.clips",)

SLOW = (
    "tests/browser/",
    "tests/e2e/",
    "tests/training/",  # TensorFlow alone takes ten seconds to import
    "tests/tools/test_demo_clip.py",  # searches a whole clip
    "tests/tools/test_fuzz.py",  # starts processes that are killed
    "tests/capture/test_rtsp.py",  # waits for servers that freeze
    "tests/common/test_supervisor.py",  # starts processes that crash and hang
    "test_mjpeg_readers.py",  # starts curl and FFmpeg
    "_properties.py",  # thousands of generated cases, as those of the next two
    "_a_message_or_refused",
    "stands_up_to_a_generated_test",
)
"""Parts of the names of tests that ``make check`` leaves out."""

settings.register_profile(  # how long an example takes depends on what else the machine does
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(part in item.nodeid for part in SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def nothing_outlives_the_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread, a child process or a ring file of this process.

    Tests of whole pipelines may share one, whose processes come and go; they see to it themselves.
    """
    if request.node.get_closest_marker("e2e"):
        yield
        return
    threads = set(threading.enumerate())
    children = _children()
    rings = _own_rings()
    yield
    _expect_none(lambda: [thread.name for thread in _new_threads(threads)], "threads")
    try:
        _expect_none(lambda: list(map(_describe, _new_children(children))), "processes")
    finally:
        for process in _new_children(children):
            process.kill()
    left_rings = sorted(path.name for path in _own_rings() - rings)
    assert not left_rings, f"the test left ring files: {left_rings}"


class RememberingContext(zmq.Context[zmq.Socket[bytes]]):
    """Keeps every socket it made, so that none is closed by being forgotten."""

    made: list[zmq.Socket[bytes]]

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "made", [])  # the class refuses names that are no option of zmq

    def socket(self, *args: Any, **kwargs: Any) -> Any:
        self.made.append(super().socket(*args, **kwargs))
        return self.made[-1]


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    """A context for one test, which fails if it leaves a socket open."""
    made = RememberingContext()
    made.linger = 0
    yield made
    leaked = [repr(item) for item in made.made if not item.closed]
    made.destroy(linger=0)
    assert not leaked, f"the test left sockets open: {leaked}"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """An ipc address for one test, in a directory whose path is short enough for any system."""
    base = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - mkdtemp makes it private
    directory = Path(tempfile.mkdtemp(prefix="fer-", dir=base))
    yield f"ipc://{directory / 'b.ipc'}"
    shutil.rmtree(directory)


def _expect_none(left: Callable[[], list[str]], what: str) -> None:
    """Fail where something is left for long; what nobody holds any more is collected meanwhile."""
    eventually(
        lambda: not left(),
        lambda: f"the end of {what} that the test left: {left()}",
        PATIENCE_S,
        doing=(gc.collect, lambda: time.sleep(0.02)),
    )


def _new_threads(before: set[threading.Thread]) -> set[threading.Thread]:
    """Return threads started since; those of libraries' pools live as long as the process."""
    new = set(threading.enumerate()) - before
    return {thread for thread in new if thread.is_alive() and not _is_of_a_library(thread)}


def _is_of_a_library(thread: threading.Thread) -> bool:
    return isinstance(thread, threading._DummyThread)  # started outside Python


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _new_children(before: set[psutil.Process]) -> list[psutil.Process]:
    return [child for child in _children() - before if _runs(child)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE or process.ppid() == os.getpid()
    except psutil.NoSuchProcess:
        return False


def _describe(process: psutil.Process) -> str:
    try:
        return f"{process.pid}: {' '.join(process.cmdline())}"
    except psutil.Error:
        return str(process.pid)


def _own_rings() -> set[Path]:
    """Return the rings that this process holds; one let go without a word is a ResourceWarning."""
    return rings_of(psutil.Process())
