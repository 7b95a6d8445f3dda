"""What the capture tests share; nothing they start may outlive them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from capture.config import CaptureConfig
from capture.open_feed import open_feed
from capture.stage import CaptureStage
from common import link
from common.config import load_config
from common.lifetime import Lifetime
from common.ring_files import ring_directory
from tests.capture.fake_broker import FakeBroker


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a ring file or a thread."""
    rings_before = _own_rings()
    threads_before = set(threading.enumerate())
    yield
    assert _own_rings() == rings_before, "a ring file was left"
    for thread in set(threading.enumerate()) - threads_before:
        thread.join(2.0)
        assert not thread.is_alive(), f"thread {thread.name} was left"


def _own_rings() -> set[Path]:
    return set(ring_directory().glob(f"ferstream-{os.getpid()}-*.ring"))


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    """A context whose sockets must be closed by the end of the test."""
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield made
    made.destroy(linger=0)


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    """An address of this test's own."""
    return f"ipc://{tmp_path / 'b.ipc'}"


@pytest.fixture
def start_broker(
    context: zmq.Context[zmq.Socket[bytes]], endpoint: str
) -> Iterator[Callable[[], FakeBroker]]:
    """Start a broker; a second call needs the first one closed."""
    brokers: list[FakeBroker] = []

    def start() -> FakeBroker:
        brokers.append(FakeBroker(context, endpoint))
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.close()


@pytest.fixture
def lifetime() -> Lifetime:
    """The life of this process, without a supervisor."""
    return Lifetime()


@pytest.fixture
def start_stage(
    context: zmq.Context[zmq.Socket[bytes]],
    endpoint: str,
    lifetime: Lifetime,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., CaptureStage]]:
    """Start a capture stage with settings given as environment variables."""
    monkeypatch.setattr(link, "RECONNECT_BACKOFF_S", (1000.0,))  # the small broker may be silent
    stages: list[CaptureStage] = []

    def start(**variables: str) -> CaptureStage:
        variables["BROKER_ENDPOINT"] = endpoint
        config = load_config(CaptureConfig, "capture", [], variables)
        stages.append(CaptureStage(config, lifetime, open_feed(config, lifetime), context))
        return stages[-1]

    yield start
    for stage in stages:
        stage.close()
