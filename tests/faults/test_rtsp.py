"""A network camera whose server nobody here wrote: GStreamer's, with H.264 over RTSP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from capture.config import CaptureConfig
from capture.open_feed import open_feed
from common.config import load_config
from common.lifetime import Lifetime
from tests.faults.watching import (
    CAMERA,
    offline_reason,
    only_a_while_offline,
    wait_for_size,
    watch,
)
from tests.support.gstreamer_server import GStreamerServer
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

PASSWORD = "open-sesame-4711"  # noqa: S105


@pytest.fixture
def server() -> Iterator[GStreamerServer]:
    with closing(GStreamerServer()) as made:
        yield made


@pytest.fixture
def watching(server: GStreamerServer) -> Iterator[Pipeline]:
    with watch(server.url) as pipeline:
        yield pipeline


def held_by_capture(pipeline: Pipeline) -> tuple[int, int]:
    """How many file handles and threads the capture has."""
    (stage,) = pipeline.processes("capture.stage")
    return stage.num_fds(), stage.num_threads()


def outage(server: GStreamerServer, pipeline: Pipeline) -> str:
    server.close()
    with only_a_while_offline(pipeline) as reason:
        server.open()
    return reason


def test_a_server_that_stops_is_offline_until_it_comes_back_and_costs_no_handles(
    server: GStreamerServer, watching: Pipeline
) -> None:
    reason = outage(server, watching)
    assert "broken off" in reason or "reached" in reason
    held = held_by_capture(watching)
    for _ in range(2):
        outage(server, watching)
    assert held_by_capture(watching) == held
    assert "starting it again" not in watching.log


def test_a_server_that_stalls_with_the_connection_open_is_offline_until_it_goes_on(
    server: GStreamerServer, watching: Pipeline
) -> None:
    server.freeze()
    with only_a_while_offline(watching) as reason:
        server.thaw()
    assert "no frame for 3 s" in reason
    server.freeze()
    with only_a_while_offline(watching):
        eventually(lambda: "reached" in offline_reason(watching), "the camera to be opened in vain")
        server.thaw()


def test_a_stream_that_comes_back_in_another_resolution_is_shown_in_that(
    server: GStreamerServer, watching: Pipeline
) -> None:
    wait_for_size(watching, 320, 240)
    server.size = (640, 360)
    outage(server, watching)
    wait_for_size(watching, 640, 360)


def test_a_camera_that_is_turned_is_shown_upright_without_an_outage(
    server: GStreamerServer, watching: Pipeline
) -> None:
    wait_for_size(watching, 320, 240)
    server.turn()
    wait_for_size(watching, 240, 320)
    assert "offline" not in watching.log


def complain(url: str, caplog: pytest.LogCaptureFixture) -> str:
    """Open a stream that cannot be opened; return the one line that the log has of it."""
    config = load_config(CaptureConfig, "capture", [], {"CAPTURE_SOURCE": url})
    open_feed(config, Lifetime()).close()
    (line,) = caplog.messages
    return line


def test_a_path_that_the_server_does_not_have_is_said_at_the_start(
    server: GStreamerServer, caplog: pytest.LogCaptureFixture
) -> None:
    line = complain(server.url.replace("/live", "/other"), caplog)
    assert "no video can be reached there: " in line
    assert "404 Not Found" in line


def test_a_password_is_given_as_a_digest_and_one_that_is_wrong_is_said_and_not_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with closing(GStreamerServer(f"guard:{PASSWORD}")) as server:
        line = complain(server.url.replace(PASSWORD, f"{PASSWORD}-not"), caplog)
        assert "401 Unauthorized" in line
        assert PASSWORD not in line
        with watch(server.url) as pipeline:
            outage(server, pipeline)
            shown = [pipeline.log, pipeline.get("/api/status")[1].decode()]
            assert all(CAMERA in text for text in shown)
            assert not any(PASSWORD in text for text in shown)
