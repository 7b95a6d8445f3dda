"""Tests of capture.sources.stream with MJPEG; RTSP is in test_rtsp, outages in test_camera_feed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from capture.sources import stream
from capture.sources.stream import NetworkStream
from common.errors import SourceError
from common.pixels import Bgr
from tests.capture.mjpeg_server import MjpegServer
from tests.support.waiting import eventually


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    with closing(MjpegServer()) as made:
        yield made


def test_pictures_that_change_their_size_keep_their_own(server: MjpegServer) -> None:
    frames: list[Bgr] = []
    with closing(NetworkStream(server.url)) as source:
        for width, height in ((322, 242), (48, 64), (640, 360)):
            server.size = (width, height)
            shape = (height, width, 3)
            eventually(
                lambda: frames and frames[-1].shape == shape,  # noqa: B023 - called at once
                f"a picture of {width}x{height}",
                doing=lambda: frames.append(source.read()),
            )
    assert all(bgr.flags.c_contiguous for bgr in frames)


def test_garbage_is_given_up_after_a_while(
    server: MjpegServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "TIMEOUT_S", 1.0)
    with closing(NetworkStream(server.url)) as source:
        source.read()
        server.garbage.set()
        with pytest.raises(SourceError, match=r"no picture that can be decoded, of .* for 1 s"):
            eventually(lambda: source.read() is None)
