"""Viewers who are slow, many, or gone again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from publisher.web.waitress_threads import IDLE_THREADS
from tests.e2e.looking import assert_ledger
from tests.support.http_stream import RawViewer
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

MANY = 300
CAP = 200
VANISHING = 1000


@pytest.fixture(scope="module")
def watched() -> Iterator[Pipeline]:
    """A pipeline that all viewers here come to; nothing is left of it in the end."""
    with Pipeline(PUBLISHER_MAX_VIEWERS=str(CAP)) as pipeline:
        pipeline.wait_published(20)
        yield pipeline
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log


@pytest.fixture(scope="module")
def at_first(watched: Pipeline) -> tuple[int, int]:
    """Its publisher's threads and handles before any viewer came."""
    stage = publisher(watched)
    return stage.num_threads(), stage.num_fds()


@pytest.fixture
def live(watched: Pipeline, at_first: tuple[int, int]) -> Iterator[Pipeline]:
    """The same, which after each test goes on, with a ledger that holds."""
    yield watched
    watched.wait_published(watched.camera()["published"] + 20)
    assert_ledger(watched.camera())


def publisher(pipeline: Pipeline) -> psutil.Process:
    (stage,) = pipeline.processes("publisher.stage")
    return stage


def assert_as_at_first(pipeline: Pipeline, at_first: tuple[int, int]) -> None:
    """Threads and handles return to about what they were."""
    stage, (threads, handles) = publisher(pipeline), at_first
    eventually(
        lambda: stage.num_fds() <= handles + 8,
        lambda: f"{stage.num_fds()} handles to be {handles} again",
    )
    eventually(
        lambda: stage.num_threads() <= threads + IDLE_THREADS,
        lambda: f"{stage.num_threads()} threads to be {threads} again",
    )


def test_three_hundred_viewers_are_let_in_up_to_the_cap_and_each_sees_new_pictures(
    live: Pipeline, at_first: tuple[int, int]
) -> None:
    with ExitStack() as stack:
        viewers = [stack.enter_context(RawViewer(live.url)) for _ in range(MANY)]
        let_in = [viewer for viewer in viewers if viewer.code == 200]
        assert len(let_in) == CAP
        for viewer in viewers:
            if viewer.code != 200:
                assert viewer.code == 503
                assert "Retry-After" in viewer.head
        for viewer in let_in:
            first = viewer.read_picture()
            assert any(viewer.read_picture() != first for _ in range(10))
        assert live.get("/healthz")[0] == 200
    assert_as_at_first(live, at_first)


def test_slow_viewers_hold_up_nobody(live: Pipeline) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(RawViewer(live.url, receive_bytes=4096))  # and reads no more
        quick = stack.enter_context(RawViewer(live.url))
        before = live.camera()["published"]
        live.wait_published(before + 60)
        pictures = {quick.read_picture() for _ in range(30)}
        assert len(pictures) > 15


def test_a_thousand_who_connect_and_vanish_leave_nothing_behind(
    live: Pipeline, at_first: tuple[int, int]
) -> None:
    request = f"GET /video_feed HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n\r\n".encode()
    for _ in range(VANISHING):
        with socket.create_connection(("127.0.0.1", live.port), timeout=30) as client:
            client.sendall(request)
    assert live.get("/healthz")[0] == 200
    assert_as_at_first(live, at_first)
    with RawViewer(live.url) as viewer:
        assert viewer.code == 200
        assert viewer.read_picture()
