"""A network camera that goes away, falls silent, changes or sends what is no picture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.capture.mjpeg_server import MjpegServer
from tests.faults.watching import only_a_while_offline, wait_for_size, watch
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def server() -> Iterator[MjpegServer]:
    made = MjpegServer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def watching(server: MjpegServer) -> Iterator[Pipeline]:
    with watch(server.url) as pipeline:
        yield pipeline


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
    wait_for_size(watching, 320, 240)


def test_a_stream_of_garbage_is_no_picture_and_ends_nothing(
    server: MjpegServer, watching: Pipeline
) -> None:
    server.garbage.set()
    with only_a_while_offline(watching):
        server.garbage.clear()
