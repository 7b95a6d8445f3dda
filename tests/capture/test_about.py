"""Tests of what is told of a source."""

from __future__ import annotations

import pytest

from capture.about import about_source, introduction
from capture.config import CaptureConfig
from capture.open_feed import open_feed
from common.contract import Mode
from common.files import file_sha256
from common.lifetime import Lifetime
from common.messages import About
from tests.support.media import DEMO, DEMO_FPS


@pytest.mark.parametrize(("mode", "hashed"), [(Mode.LOSSLESS, True), (Mode.LIVE, False)])
def test_a_recording_tells_its_size_rate_and_where_all_of_it_counts_its_hash(
    mode: Mode, hashed: bool
) -> None:
    config = CaptureConfig(source=str(DEMO), mode=mode)
    feed = open_feed(config, Lifetime())
    about = about_source(config, feed, lambda: None)
    feed.close()
    assert about == {
        "source": DEMO.name,
        "width": 640,
        "height": 480,
        "fps": DEMO_FPS,
        "frames": 720,
        "bytes": DEMO.stat().st_size,
        "sha256": file_sha256(DEMO) if hashed else None,
    }


def test_a_large_file_is_hashed_with_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor gives a start two minutes, and a day of video on a slow disk takes longer."""
    monkeypatch.setattr("common.files._CHUNK_BYTES", 10_000)
    config = CaptureConfig(source=str(DEMO), mode=Mode.LOSSLESS)
    feed = open_feed(config, Lifetime())
    beats: list[None] = []
    about_source(config, feed, lambda: beats.append(None))
    feed.close()
    assert len(beats) >= DEMO.stat().st_size / 10_000


@pytest.mark.parametrize(
    ("about", "facts"),
    [
        ({"source": "talk.mp4", "width": 640, "height": 480, "fps": 29.97003}, "640x480, 29.97"),
        ({"source": "talk.mp4", "width": 640, "height": 480, "fps": 30.0}, "640x480, 30"),
    ],
)
def test_one_line_says_what_is_captured(about: About, facts: str) -> None:
    line = introduction("talk", Mode.LOSSLESS, about)
    assert line == f"camera talk: talk.mp4, {facts} frames/s, lossless"


def test_what_is_not_known_is_left_out_of_it() -> None:
    about: About = {"source": "rtsp://***@door/live", "width": 0, "fps": None}
    assert introduction("door", Mode.LIVE, about) == "camera door: rtsp://***@door/live, live"
