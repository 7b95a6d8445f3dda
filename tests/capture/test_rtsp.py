"""Tests of a camera that speaks RTSP: H.264 from a small real server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
import pytest

from capture import camera_feed
from capture.camera_feed import CameraFeed
from capture.config import CaptureConfig
from capture.open_feed import open_feed
from capture.sources import stream
from capture.sources.stream import NetworkStream
from common.config import load_config
from common.errors import SourceError
from common.lifetime import Lifetime
from common.messages import CameraState, Frame
from common.pixels import Bgr
from tests.capture.camera_broker import CameraBroker
from tests.capture.rig import Rig
from tests.capture.rtsp_server import HEIGHT, PICTURES, WIDTH, RtspServer, picture
from tests.support.waiting import eventually

REFUSED = "no video can be reached there: Connection refused; check address, password and network"
SENT = [picture(index) for index in range(PICTURES)]


@pytest.fixture
def server() -> Iterator[RtspServer]:
    made = RtspServer()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try a camera that is away again and again, as nobody else needs its network."""
    monkeypatch.setattr(camera_feed, "BACKOFF_S", (0.2,))


def config_of(source: str) -> CaptureConfig:
    return load_config(CaptureConfig, "capture", [], {"CAPTURE_SOURCE": source})


def index_of(bgr: Bgr) -> int:
    """Tell which picture of the server this is, and that it looks like it."""
    gaps = [np.abs(bgr - sent.astype(float)).mean() for sent in SENT]
    assert min(gaps) < 15
    return int(np.argmin(gaps))


def told_states(broker: CameraBroker) -> list[tuple[bool, str]]:
    """What the broker knows of the camera, without what it was told again after a reconnect."""
    states = [(state.online, state.reason) for state in broker.of(CameraState)]
    return [state for state, _ in groupby(states)]


def test_every_picture_arrives_in_order_and_is_fresh(server: RtspServer) -> None:
    source = NetworkStream(server.url)
    frames: list[Bgr] = []
    # What came while the stream was being probed is there at once, the rest when it is sent.
    eventually(lambda: server.sent - len(frames) < 3, doing=lambda: frames.append(source.read()))
    frames.extend(source.read() for _ in range(PICTURES))
    eventually(lambda: server.sent - len(frames) < 5, doing=lambda: frames.append(source.read()))
    assert {frame.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}
    assert [index_of(frame) for frame in frames] == [at % PICTURES for at in range(len(frames))]
    source.close()
    eventually(lambda: server.methods[-1] == "TEARDOWN")


def test_a_stream_whose_next_key_frame_is_far_away_is_waited_for(
    server: RtspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "TIMEOUT_S", 2.0)
    server.first_key = 8 * PICTURES  # after six seconds
    source = NetworkStream(server.url)
    assert [index_of(source.read()) for _ in range(3)] == [0, 1, 2]
    source.close()


def test_a_stream_that_nothing_decodes_is_refused(server: RtspServer) -> None:
    server.codec = "FUTURE"
    with pytest.raises(SourceError, match="no picture that can be decoded"):
        NetworkStream(server.url)


def test_a_password_and_capitals_in_the_scheme_are_understood(
    lifetime: Lifetime, caplog: pytest.LogCaptureFixture
) -> None:
    server = RtspServer(credentials="viewer:secret")
    try:
        feed = open_feed(config_of(server.url.replace("rtsp", "RTSP")), lifetime)
        eventually(lambda: feed.take() is not None)
        feed.close()
        open_feed(config_of(server.url.replace("secret", "wrong")), lifetime).close()
        assert "no video can be reached there" in caplog.text
        assert "wrong" not in caplog.text
    finally:
        server.close()


def test_a_server_that_goes_away_is_offline_until_it_returns(
    server: RtspServer,
    rig: Rig,
) -> None:
    broker = rig.broker
    rig.start(CAPTURE_SOURCE=server.url)
    rig.until(lambda: len(broker.of(Frame)) >= 5)
    assert {(frame.width, frame.height) for frame in broker.of(Frame)} == {(WIDTH, HEIGHT)}
    server.close()
    rig.until(lambda: len(told_states(broker)) == 3)
    seen = len(broker.of(Frame))
    server.open()
    rig.until(lambda: len(broker.of(Frame)) >= seen + 5)
    assert told_states(broker) == [
        (True, ""),
        (False, "the stream has broken off"),
        (False, REFUSED),
        (True, ""),
    ]


def test_a_server_that_freezes_is_offline_after_a_while_and_until_it_thaws(
    server: RtspServer,
    rig: Rig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "TIMEOUT_S", 20.0)
    monkeypatch.setattr(camera_feed, "STALL_S", 1.0)
    broker = rig.broker
    rig.start(CAPTURE_SOURCE=server.url)
    rig.until(lambda: broker.of(Frame))
    server.frozen.set()
    rig.until(lambda: len(told_states(broker)) == 2)
    server.frozen.clear()
    seen = len(broker.of(Frame))
    rig.until(lambda: len(broker.of(Frame)) >= seen + 5)
    assert told_states(broker) == [(True, ""), (False, "no frame for 1 s"), (True, "")]


def test_a_server_that_stays_frozen_is_given_up_and_opened_again(
    server: RtspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "TIMEOUT_S", 1.0)
    feed = CameraFeed("cam", lambda: NetworkStream(server.url))
    try:
        assert feed.wait_until_open(timeout_s=10)
        server.frozen.set()
        eventually(lambda: feed.offline_reason == "the stream has broken off", doing=feed.take)
        eventually(
            lambda: feed.offline_reason.startswith("no video can be reached"), doing=feed.take
        )
        monkeypatch.setattr(stream, "TIMEOUT_S", 10.0)
        server.frozen.clear()
        eventually(lambda: not feed.offline_reason, doing=feed.take)
        eventually(lambda: feed.take() is not None)
    finally:
        feed.close()


def test_a_server_that_does_not_answer_at_the_start_is_waited_for(
    server: RtspServer,
    lifetime: Lifetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(stream, "TIMEOUT_S", 0.5)
    server.frozen.set()
    feed = open_feed(config_of(server.url), lifetime)
    try:
        assert "no answer for" in caplog.text
        monkeypatch.setattr(stream, "TIMEOUT_S", 10.0)
        server.frozen.clear()
        eventually(lambda: feed.take() is not None)
    finally:
        feed.close()
