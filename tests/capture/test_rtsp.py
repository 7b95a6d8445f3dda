"""Tests of a camera that speaks RTSP: H.264 from a small real server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from capture.camera_feed import CameraFeed
from capture.config import CaptureConfig
from capture.open_feed import open_feed
from capture.sources import stream
from capture.sources.stream import NetworkStream
from capture.stage import CaptureStage
from common.config import load_config
from common.errors import ConfigError
from common.lifetime import Lifetime
from common.messages import CameraState, Frame
from common.pixels import Bgr
from tests.capture.fake_broker import FakeBroker, run_until
from tests.capture.rtsp_server import HEIGHT, PICTURES, WIDTH, RtspServer, picture

SENT = [picture(index) for index in range(PICTURES)]

StartBroker = Callable[[], FakeBroker]
StartStage = Callable[..., CaptureStage]


@pytest.fixture
def server() -> Iterator[RtspServer]:
    made = RtspServer()
    yield made
    made.close()


def config_of(source: str) -> CaptureConfig:
    return load_config(CaptureConfig, "capture", [], {"CAPTURE_SOURCE": source})


def index_of(bgr: Bgr) -> int:
    """Tell which picture of the server this is, and that it looks like it."""
    gaps = [np.abs(bgr - sent.astype(float)).mean() for sent in SENT]
    assert min(gaps) < 15
    return int(np.argmin(gaps))


def told_states(broker: FakeBroker) -> list[tuple[bool, str]]:
    """What the broker knows of the camera, without what it was told again after a reconnect."""
    states = [(state.online, state.reason) for state in broker.of(CameraState)]
    return [state for state, _ in groupby(states)]


def test_every_picture_arrives_in_order_and_is_fresh(server: RtspServer) -> None:
    source = NetworkStream(server.url)
    frames: list[Bgr] = []
    # What came while the stream was being probed is there at once, the rest when it is sent.
    run_until(lambda: server.sent - len(frames) < 3, lambda: frames.append(source.read()))
    frames.extend(source.read() for _ in range(PICTURES))
    run_until(lambda: server.sent - len(frames) < 5, lambda: frames.append(source.read()))
    assert {frame.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}
    assert [index_of(frame) for frame in frames] == [at % PICTURES for at in range(len(frames))]
    source.close()
    run_until(lambda: server.methods[-1] == "TEARDOWN")


def test_a_password_and_capitals_in_the_scheme_are_understood(lifetime: Lifetime) -> None:
    server = RtspServer(credentials="viewer:secret")
    try:
        feed = open_feed(config_of(server.url.replace("rtsp", "RTSP")), lifetime)
        run_until(lambda: feed.take() is not None)
        feed.close()
        with pytest.raises(ConfigError, match=r"CAPTURE_SOURCE=.*no video can be") as caught:
            open_feed(config_of(server.url.replace("secret", "wrong")), lifetime)
        assert "wrong" not in str(caught.value)
    finally:
        server.close()


def test_a_server_that_goes_away_is_offline_until_it_returns(
    server: RtspServer, start_broker: StartBroker, start_stage: StartStage
) -> None:
    broker, stage = start_broker(), start_stage(CAPTURE_SOURCE=server.url)
    run_until(lambda: len(broker.of(Frame)) >= 5, stage.step, broker.serve)
    assert {(frame.width, frame.height) for frame in broker.of(Frame)} == {(WIDTH, HEIGHT)}
    server.close()
    run_until(lambda: len(told_states(broker)) == 3, stage.step, broker.serve)
    seen = len(broker.of(Frame))
    server.open()
    run_until(lambda: len(broker.of(Frame)) >= seen + 5, stage.step, broker.serve)
    assert told_states(broker) == [
        (True, ""),
        (False, "the stream has broken off"),
        (False, "no video can be reached there; check the address and the network"),
        (True, ""),
    ]


def test_a_server_that_freezes_is_offline_after_3_s_and_until_it_thaws(
    server: RtspServer,
    start_broker: StartBroker,
    start_stage: StartStage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "READ_TIMEOUT_MS", 20_000)
    broker, stage = start_broker(), start_stage(CAPTURE_SOURCE=server.url)
    run_until(lambda: broker.of(Frame), stage.step, broker.serve)
    server.frozen.set()
    run_until(lambda: len(told_states(broker)) == 2, stage.step, broker.serve)
    server.frozen.clear()
    seen = len(broker.of(Frame))
    run_until(lambda: len(broker.of(Frame)) >= seen + 5, stage.step, broker.serve)
    assert told_states(broker) == [(True, ""), (False, "no frame for 3 s"), (True, "")]


def test_a_server_that_stays_frozen_is_given_up_and_opened_again(
    server: RtspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "READ_TIMEOUT_MS", 1000)
    feed = CameraFeed("cam", lambda: NetworkStream(server.url))
    try:
        assert feed.wait_until_open(timeout_s=10)
        server.frozen.set()
        run_until(
            lambda: feed.offline_reason == "the stream has broken off", lambda: void(feed.take())
        )
        monkeypatch.setattr(stream, "OPEN_TIMEOUT_MS", 1000)
        run_until(
            lambda: feed.offline_reason.startswith("no video can be reached"),
            lambda: void(feed.take()),
        )
        monkeypatch.undo()
        server.frozen.clear()
        run_until(lambda: not feed.offline_reason, lambda: void(feed.take()))
        run_until(lambda: feed.take() is not None)
    finally:
        feed.close()


def test_a_server_that_never_answers_is_a_wrong_setting_at_the_start(
    server: RtspServer, lifetime: Lifetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "OPEN_TIMEOUT_MS", 500)
    server.frozen.set()
    with pytest.raises(ConfigError, match=r"CAPTURE_SOURCE=rtsp://.*no video can be reached"):
        open_feed(config_of(server.url), lifetime)


def test_where_nobody_listens_is_one_line_and_exit_code_2(endpoint: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"rtsp://viewer:secret@127.0.0.1:{taken.getsockname()[1]}/live"
    environ = os.environ | {"CAPTURE_SOURCE": url, "BROKER_ENDPOINT": endpoint}
    done = subprocess.run(
        [sys.executable, "-m", "capture.stage"],
        cwd=Path(__file__).parents[2],
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("capture: CAPTURE_SOURCE=rtsp://***@127.0.0.1")
    assert "no video can be reached" in done.stderr


def void(_: object) -> None:
    """Drop a value."""
