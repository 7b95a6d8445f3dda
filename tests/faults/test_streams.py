"""A network camera that goes away, falls silent, changes or sends what is no picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.capture.mjpeg_server import MjpegServer
from tests.e2e.looking import assert_ledger
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

CAMERA = "porch"


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    made = MjpegServer()
    yield made
    made.close()


@pytest.fixture
def watching(server: MjpegServer) -> Iterator[Pipeline]:
    """A pipeline that watches the server; its ledger holds in the end and nothing is left."""
    with Pipeline(CAPTURE_SOURCE=server.url, CAPTURE_CAMERA=CAMERA) as pipeline:
        pipeline.wait_published(20, CAMERA)
        yield pipeline
        assert_ledger(pipeline.camera(CAMERA))
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log


def offline_reason(pipeline: Pipeline) -> str:
    camera = pipeline.camera(CAMERA)
    return "" if camera.get("online", True) else str(camera["reason"])


@contextmanager
def only_a_while_offline(pipeline: Pipeline) -> Iterator[str]:
    """Wait until the camera is offline, and in the end until it is back with new pictures."""
    yield eventually(lambda: offline_reason(pipeline), "the camera to be offline")
    before = pipeline.camera(CAMERA)["published"]
    eventually(lambda: not offline_reason(pipeline), "the camera to be back")
    pipeline.wait_published(before + 20, CAMERA)


def test_a_server_that_stops_is_offline_until_it_comes_back(
    server: MjpegServer, watching: Pipeline
) -> None:
    server.gone.set()
    with only_a_while_offline(watching) as reason:
        server.gone.clear()
    assert "stream" in reason or "reached" in reason
    assert "starting it again" not in watching.log


def test_a_server_that_stalls_with_the_connection_open_is_offline_until_it_goes_on(
    server: MjpegServer, watching: Pipeline
) -> None:
    server.frozen.set()
    with only_a_while_offline(watching) as reason:
        server.frozen.clear()
    assert "no frame for 3 s" in reason


def test_a_stream_that_comes_back_in_another_resolution_is_shown_in_that(
    server: MjpegServer, watching: Pipeline
) -> None:
    server.gone.set()
    with only_a_while_offline(watching):
        server.size = (320, 240)
        server.gone.clear()
    eventually(
        lambda: b"\x00\xf0\x01\x40" in watching.get(f"/snapshot/{CAMERA}.jpg")[1],  # SOF: 240, 320
        "a picture of the new size",
    )


def test_a_stream_of_garbage_is_no_picture_and_ends_nothing(
    server: MjpegServer, watching: Pipeline
) -> None:
    server.garbage.set()
    with only_a_while_offline(watching):
        server.garbage.clear()
