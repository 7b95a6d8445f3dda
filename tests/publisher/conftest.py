"""No test may leave a thread or a file descriptor behind."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publisher.guarded import EVERYWHERE, token_file
from tests.publisher.material import Rig, camera_status, pipeline, rig
from tests.support.waiting import eventually


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    path = Path(tempfile.mkdtemp(prefix="pub-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def running(folder: Path) -> Iterator[Rig]:
    """A publisher that the broker has welcomed and that stores nothing."""
    with rig(folder, max_viewers=4) as made:
        yield made


@pytest.fixture
def guarded(folder: Path) -> Iterator[Rig]:
    """A publisher that every machine can reach, through one of its addresses."""
    with rig(folder, host=EVERYWHERE, token_file=token_file(folder)) as made:
        made.report(pipeline(camera_status()))
        yield made


@pytest.fixture(autouse=True)
def _leaks() -> Iterator[None]:
    threads = threading.active_count()
    files = _open_sockets()
    yield
    eventually(lambda: threading.active_count() <= threads, "the threads to end", 5)
    eventually(lambda: _open_sockets() <= files, "the sockets to close", 5)


def _open_sockets() -> int:
    """Count this process's open sockets; 0 where the system does not say."""
    listing = Path("/proc/self/fd")
    found = 0
    for entry in listing.iterdir() if listing.exists() else ():
        with contextlib.suppress(FileNotFoundError):  # the listing itself was open
            found += entry.readlink().name.startswith("socket:")
    return found
