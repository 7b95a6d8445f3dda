"""Tests of capture.open_feed: what a wrong source looks like to whoever starts the process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from capture.camera_feed import CameraFeed
from capture.config import CaptureConfig
from capture.open_feed import DEMO_CLIP, open_feed
from capture.sources.stream import NetworkStream
from common.config import load_config
from common.errors import ConfigError
from common.lifetime import RESTARTS, Lifetime
from tests.support import media
from tests.support.stage_process import run_stage


def config_of(**variables: str) -> CaptureConfig:
    return load_config(CaptureConfig, "capture", [], variables)


def make_text(folder: Path) -> str:
    (folder / "v.mp4").write_text("no video " * 1000)
    return "v.mp4"


def make_empty(folder: Path) -> str:
    (folder / "v.mp4").touch()
    return "v.mp4"


def make_folder(folder: Path) -> str:
    (folder / "pictures").mkdir()
    return "pictures"


def make_bomb(folder: Path) -> str:
    return media.write_png_bomb(folder / "bomb.png", 30_000, 30_000).name


WRONG: list[tuple[Callable[[Path], str], str]] = [
    (lambda _: "nowhere.mp4", "does not exist"),
    (make_text, "is not a video or image"),
    (make_empty, "is empty"),
    (make_folder, "is a folder without images"),
    (make_bomb, "has more than 64 million pixels"),
    (lambda _: "97", "there is no such camera"),
    (lambda _: "99999999999", "expected a whole number from 0 to 2147483647"),
    (lambda _: "gopher://x", "expected a camera number"),
    (lambda _: "rtsp://user:secr[et@host/stream", "rtsp://***@host/stream: expected scheme://"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_wrong_source_is_one_line_and_exit_code_2(
    tmp_path: Path, make: Callable[[Path], str], message: str
) -> None:
    code, lines = run_stage("capture.stage", tmp_path, CAPTURE_SOURCE=make(tmp_path))
    assert code == 2
    (line,) = lines
    assert line.startswith("capture: CAPTURE_SOURCE=")
    assert message in line
    assert "secr" not in line


def test_after_a_restart_a_missing_camera_is_only_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RESTARTS, "1")
    feed = open_feed(config_of(CAPTURE_SOURCE="97"), Lifetime())
    assert isinstance(feed, CameraFeed)
    with pytest.raises(Exception, match="no such camera"):
        feed.wait_until_open(timeout_s=5)
    assert "no such camera" in feed.offline_reason
    feed.close()


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_stream_that_is_not_there_yet_is_waited_for_and_that_is_said_once(
    lifetime: Lifetime, caplog: pytest.LogCaptureFixture, scheme: str
) -> None:
    config = config_of(CAPTURE_SOURCE=f"{scheme}://me:secret@127.0.0.1:9/x", CAPTURE_CAMERA="door")
    feed = open_feed(config, lifetime)
    assert "no video can be reached" in feed.offline_reason
    feed.close()
    (line,) = caplog.messages
    assert line.startswith("camera door: no video can be reached there: ")
    assert line.endswith("; waiting for it, Ctrl-C stops")
    assert "secret" not in line


def test_a_camera_thread_that_dies_ends_the_wait_for_it(
    monkeypatch: pytest.MonkeyPatch, lifetime: Lifetime
) -> None:
    def crash(_: str) -> NetworkStream:
        raise ZeroDivisionError("in the driver")

    monkeypatch.setattr("capture.sources.stream.NetworkStream", crash)
    with pytest.raises(ZeroDivisionError, match="in the driver"):
        open_feed(config_of(CAPTURE_SOURCE="rtsp://cam/live"), lifetime)


def test_a_directory_of_no_permission_is_named(tmp_path: Path) -> None:
    if os.getuid() == 0:
        pytest.skip("root may read everything")
    folder = media.write_folder(tmp_path / "f", ["a.png"])
    folder.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read"):
        open_feed(config_of(CAPTURE_SOURCE=str(folder)), Lifetime())
    folder.chmod(0o700)


def test_the_demo_plays(lifetime: Lifetime) -> None:
    assert DEMO_CLIP.is_file()
    feed = open_feed(config_of(), lifetime)
    feed.start()
    frame = feed.take()
    assert frame is not None
    assert frame.pts_s == 0.0
    assert feed.total_frames > 100
    feed.close()
