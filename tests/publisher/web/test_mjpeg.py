"""Streams, their viewers, and how many there may be."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from common.supervisor import STOP_TIMEOUT_S
from tests.publisher.asking import get
from tests.publisher.material import Rig, camera_status, meanwhile, pipeline, rig
from tests.publisher.uploading import decoded
from tests.support.http_stream import EventStream, RawViewer
from tests.support.waiting import eventually


def streaming(running: Rig) -> AbstractContextManager[None]:
    """Publish frames of noise, large ones, in the background."""
    noise = np.random.default_rng(0).integers(0, 255, running.ring.shape, np.uint8)
    running.ring.write(0, noise)
    return meanwhile(running.publish_next)


@pytest.fixture
def running(running: Rig) -> Rig:
    running.report(pipeline(camera_status(), camera_status("b/ö")))
    return running


def mean(jpeg: bytes) -> float:
    return float(decoded(jpeg).mean())


def test_a_stream_is_what_browsers_expect(running: Rig) -> None:
    with streaming(running), RawViewer(running.url) as viewer:
        assert viewer.code == 200
        assert "multipart/x-mixed-replace; boundary=ferstream-picture" in viewer.head
        assert "Cache-Control: no-store" in viewer.head
        pictures = [viewer.read_picture() for _ in range(10)]
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)


def test_any_name_has_a_stream(running: Rig) -> None:
    running.publish_next("b/ö")
    with RawViewer(running.url, f"/video_feed/{quote('b/ö', safe='')}") as viewer:
        assert viewer.code == 200
        viewer.read_picture()
        assert running.stage.live.hub.viewers_of("b/ö") == 1


def test_the_newest_picture_is_repeated_when_nothing_new_comes(running: Rig) -> None:
    running.publish_next()
    started_s = time.monotonic()
    with RawViewer(running.url) as viewer:
        assert len({viewer.read_picture() for _ in range(3)}) == 1
        assert time.monotonic() - started_s > 1


def test_a_camera_that_goes_offline_is_shown_as_offline(running: Rig) -> None:
    running.ring.write(0, np.full(running.ring.shape, 200, np.uint8))
    running.publish_next()
    with RawViewer(running.url) as viewer:
        assert mean(viewer.read_picture()) > 150
        running.report(pipeline(camera_status(online=False, reason="unplugged")))
        eventually(lambda: mean(viewer.read_picture()) < 100, "the offline picture")
        running.report(pipeline(camera_status()))
        running.publish_next()
        eventually(lambda: mean(viewer.read_picture()) > 150, "the camera's picture")


def test_who_comes_before_the_first_camera_sees_it_when_it_is_there(folder: Path) -> None:
    with rig(folder) as running, RawViewer(running.url) as viewer:
        assert mean(viewer.read_picture()) < 60
        running.ring.write(0, np.full(running.ring.shape, 200, np.uint8))
        running.publish_next()
        eventually(lambda: mean(viewer.read_picture()) > 150, "the camera's picture")


def test_the_streams_of_a_tab_are_one_viewer(running: Rig) -> None:
    hub = running.stage.live.hub
    paths = [f"/video_feed/{camera}?tab=x" for camera in ("cam", quote("b/ö"))]
    with streaming(running), RawViewer(running.url, paths[0]), RawViewer(running.url, paths[1]):
        assert (hub.viewers, hub.viewers_of("cam")) == (1, 1)
        with RawViewer(running.url, "/video_feed/cam?tab=y"), RawViewer(running.url):
            # The last of them has the first camera, which is found out with its first picture.
            eventually(lambda: (hub.viewers, hub.viewers_of("cam")) == (3, 3), "three viewers")
    assert get(running, "/video_feed/cam?tab=a%20b")[0] == 400


def test_viewers_beyond_the_cap_are_told_to_come_later(running: Rig) -> None:
    running.publish_next()
    viewers = [RawViewer(running.url) for _ in range(4)]
    with RawViewer(running.url) as late:
        assert late.code == 503
        assert "Retry-After: 5" in late.head
        assert b"PUBLISHER_MAX_VIEWERS" in late.read_to_end()
    viewers.pop().close()
    eventually(lambda: running.stage.live.hub.viewers == 3, "the viewer to be missed")
    with RawViewer(running.url) as next_one:
        assert next_one.code == 200
    for viewer in viewers:
        viewer.close()
    eventually(lambda: running.stage.live.hub.viewers == 0, "all viewers to be missed")


def test_a_slow_viewer_slows_nobody_and_sees_what_is_new(running: Rig) -> None:
    with (
        streaming(running),
        RawViewer(running.url, receive_bytes=4096) as slow,
        RawViewer(running.url) as fast,
    ):
        slow.read_picture()
        gaps = []
        for _ in range(60):
            before_s = time.monotonic()
            fast.read_picture()
            gaps.append(time.monotonic() - before_s)
        assert sorted(gaps)[-3] < 0.5
        published = running.frames
        # What waits for the slow one in the system's buffers is a second or two of video.
        for _ in range(40):
            slow.read_picture()
        assert running.frames > published


def test_streams_end_before_the_supervisor_loses_patience(folder: Path) -> None:
    with rig(folder) as running:
        running.publish_next()
        viewers = [RawViewer(running.url) for _ in range(3)]
        stuck = RawViewer(running.url, receive_bytes=4096)
        events = EventStream(running.url)
        events.expect("status")
        started_s = time.monotonic()
    assert time.monotonic() - started_s < STOP_TIMEOUT_S
    for viewer in viewers:
        viewer.read_to_end()
        viewer.close()
    events.read_to_end()
    events.close()
    stuck.close()
