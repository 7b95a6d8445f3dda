"""Tests of capture.sources.stream: what OpenCV raises; servers are in test_camera_feed."""

from __future__ import annotations

import pytest

from capture.sources.stream import NetworkStream
from common.errors import SourceError
from common.opencv import cv2


class FailingCapture:
    """Opens, and raises when it is read."""

    def isOpened(self) -> bool:  # noqa: N802 - the name in OpenCV
        return True

    def get(self, _: int) -> float:
        return 64.0

    def read(self) -> None:
        raise cv2.error("bad\nframe")


def test_what_opencv_raises_is_an_error_of_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: FailingCapture())
    stream = NetworkStream("rtsp://cam/live")
    with pytest.raises(SourceError, match=r"OpenCV fails with it \(bad frame\)"):
        stream.read()

    def refuse(*_: object) -> FailingCapture:
        raise cv2.error("bad address")

    monkeypatch.setattr(cv2, "VideoCapture", refuse)
    with pytest.raises(SourceError, match=r"OpenCV fails with it \(bad address\)"):
        NetworkStream("rtsp://cam/live")
