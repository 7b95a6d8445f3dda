"""Tests of capture.camera_feed, with a real MJPEG server in place of a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from queue import Queue

import pytest

from capture import camera_feed
from capture.camera_feed import CameraFeed, CameraStuckError
from capture.sources.source import LiveSource
from capture.sources.stream import NetworkStream
from common.errors import SourceError
from common.pixels import Bgr
from tests.capture.mjpeg_server import MjpegServer
from tests.support import media
from tests.support.waiting import eventually


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    made = MjpegServer()
    yield made
    made.close()


@pytest.fixture
def feed(server: MjpegServer) -> Iterator[CameraFeed]:
    made = CameraFeed("cam", lambda: NetworkStream(server.url))
    yield made
    made.close()


def test_frames_of_a_stream_arrive_with_growing_times(feed: CameraFeed) -> None:
    assert feed.wait_until_open(timeout_s=10)
    times: list[float] = []
    eventually(
        lambda: len(times) >= 5,
        doing=lambda: times.extend(frame.pts_s for frame in [feed.take()] if frame),
    )
    assert times == sorted(set(times))
    assert feed.offline_reason == ""


def test_a_server_that_goes_away_is_offline_until_it_returns(
    server: MjpegServer, feed: CameraFeed
) -> None:
    assert feed.wait_until_open(timeout_s=10)
    server.gone.set()
    eventually(lambda: feed.offline_reason, doing=feed.take)
    assert feed.offline_reason == "the stream has broken off"
    server.gone.clear()
    eventually(lambda: not feed.offline_reason, doing=feed.take)
    eventually(lambda: feed.take() is not None)


def test_a_stream_that_freezes_is_offline_before_its_timeout(
    server: MjpegServer, feed: CameraFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_feed, "STALL_S", 0.5)
    assert feed.wait_until_open(timeout_s=10)
    server.frozen.set()
    eventually(lambda: feed.offline_reason, doing=feed.take)
    assert feed.offline_reason.startswith("no frame for")
    server.frozen.clear()
    eventually(lambda: not feed.offline_reason, doing=feed.take)


def test_a_stream_that_cannot_be_opened_says_why_and_is_tried_again() -> None:
    server = MjpegServer()
    server.gone.set()
    feed = CameraFeed("cam", lambda: NetworkStream(server.url))
    try:
        with pytest.raises(SourceError, match="no video can be reached"):
            feed.wait_until_open(timeout_s=10)
        server.gone.clear()
        eventually(lambda: not feed.offline_reason, doing=feed.take)
    finally:
        feed.close()
        server.close()


class StuckSource(LiveSource):
    """A driver that gives one frame and then never comes back, until the test lets it."""

    def __init__(self, let_go: threading.Event) -> None:
        self._let_go = let_go
        self._given = False

    def read(self) -> Bgr:
        if self._given:
            self._let_go.wait()
            raise SourceError("let go")
        self._given = True
        return media.picture(9)

    def close(self) -> None:
        """Nothing is open."""


def test_a_driver_that_hangs_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_feed, "STUCK_S", 0.3)
    let_go = threading.Event()
    feed = CameraFeed("cam", lambda: StuckSource(let_go))
    try:
        assert feed.wait_until_open(timeout_s=5)
        assert feed.take() is not None
        with pytest.raises(CameraStuckError, match="camera cam: no answer"):
            eventually(lambda: False, doing=feed.take)
    finally:
        let_go.set()
        feed.close()


def test_a_driver_that_hangs_when_it_is_opened_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(camera_feed, "STUCK_S", 0.3)
    let_go = threading.Event()

    def open_source() -> LiveSource:
        let_go.wait()
        raise SourceError("let go")

    feed = CameraFeed("cam", open_source)
    try:
        with pytest.raises(CameraStuckError, match="camera cam: no answer"):
            eventually(lambda: feed.wait_until_open(timeout_s=0.1), deadline_s=10)
    finally:
        let_go.set()
        feed.close()


class ScriptedSource(LiveSource):
    """A camera that gives a frame of each level it is told, and crashes when told none."""

    def __init__(self) -> None:
        self.levels: Queue[int | None] = Queue()
        self.reads = 0

    def give(self, *levels: int) -> None:
        """Hand over frames, and wait until the last one has gone and one more is asked for."""
        until = max(self.reads, 1) + len(levels)
        for level in levels:
            self.levels.put(level)
        eventually(lambda: self.reads == until)

    def read(self) -> Bgr:
        self.reads += 1
        level = self.levels.get()
        if level is None:
            raise ZeroDivisionError("in the driver")
        return media.picture(level)

    def close(self) -> None:
        """Nothing is open."""


def test_the_newest_frame_wins_and_counts_those_that_gave_way() -> None:
    source = ScriptedSource()
    feed = CameraFeed("cam", lambda: source)
    for newest in (1, 4, 2):
        source.give(*range(1, newest + 1))
        frame = feed.take()
        assert frame is not None
        assert (int(frame.bgr[0, 0, 0]), frame.superseded) == (newest, newest - 1)
    source.give(9)
    feed.start()
    assert feed.take() is None, "a frame from before the start is nobody's"
    source.levels.put(None)
    feed.close()


def test_a_crash_of_the_thread_comes_after_its_last_frame() -> None:
    source = ScriptedSource()
    feed = CameraFeed("cam", lambda: source)
    source.levels.put(1)
    assert feed.wait_until_open(timeout_s=5)
    source.levels.put(None)
    assert feed.take() is not None
    with pytest.raises(ZeroDivisionError, match="in the driver"):
        eventually(lambda: False, doing=feed.take)
    with pytest.raises(ZeroDivisionError, match="in the driver"):
        feed.wait_until_open(timeout_s=5)
    feed.close()


def test_cameras_that_are_lost_together_are_not_tried_again_together() -> None:
    pauses = [camera_feed.pause_s(failures=9) for _ in range(200)]
    assert min(pauses) >= 4.0
    assert max(pauses) <= 12.0
    seconds = [sum(begin <= pause < begin + 1 for pause in pauses) for begin in range(4, 12)]
    assert all(0 < tries < 60 for tries in seconds), "25 in each second, of 200"


def test_failures_are_retried_with_growing_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_feed, "BACKOFF_S", (0.05, 0.1, 0.2))
    tries: list[float] = []

    def fail() -> NetworkStream:
        tries.append(time.monotonic())
        raise SourceError("there is none")

    feed = CameraFeed("cam", fail)
    eventually(lambda: len(tries) >= 5, doing=feed.take)
    feed.close()
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses[0] >= 0.025
    assert pauses[1] >= 0.05
    assert pauses[2] >= 0.1
    assert pauses[3] >= 0.1
    assert feed.offline_reason == "there is none"
