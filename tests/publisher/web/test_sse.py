"""Server-sent events over HTTP."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote

import pytest

from publisher.live.event_log import NEAR_FRAMES
from tests.publisher.asking import get, get_json
from tests.publisher.material import (
    FACE,
    HAPPY,
    Rig,
    camera_status,
    frame,
    pipeline,
    result,
    rig,
)
from tests.support.http_stream import EventStream
from tests.support.waiting import eventually

ODD_NAME = 'küche "2"?#%&\n'


@pytest.fixture
def running(running: Rig) -> Rig:
    running.report(pipeline(camera_status(), camera_status(ODD_NAME)))
    return running


def publish(running: Rig, frame_id: int, camera: str = "cam", faces: int = 1) -> None:
    boxes = [((20 * at, *FACE[1:]), HAPPY) for at in range(2, faces + 2)]
    running.publish(result(frame(frame_id, camera), boxes))


def test_a_stream_is_what_browsers_expect_with_each_frame_in_order(running: Rig) -> None:
    with EventStream(running.url) as stream:
        assert stream.code == 200
        assert "Content-Type: text/event-stream" in stream.head
        assert "Cache-Control: no-store" in stream.head
        stream.expect("status")
        assert stream.retry_ms
        for frame_id in range(1, 30):
            publish(running, frame_id)
        found = [stream.expect("frame") for _ in range(29)]
    assert [event.data["frame_id"] for event in found] == list(range(1, 30))
    assert len({event.event_id for event in found} - {None, ""}) == 29
    assert found[0].data["camera"] == "cam"
    assert found[0].data["faces"][0]["label"] == "happy"
    assert found[0].data["faces"][0]["box"] == {"x": 40, "y": 30, "w": 60, "h": 60}


def test_the_status_comes_every_second_and_is_that_of_the_api(running: Rig) -> None:
    publish(running, 1)
    started_s = time.monotonic()
    with EventStream(running.url) as stream:
        first = stream.expect("status").data
        stream.expect("status")
        second = stream.expect("status").data
        assert time.monotonic() - started_s > 1.5
        asked = get_json(running, "/api/status")[1]
        assert len(stream.comments) >= 3
    for status in (first, second, asked):
        del status["uptime_s"]
        for camera in status["cameras"]:
            del camera["fps"]
    assert first == second == asked


@pytest.mark.parametrize("camera", ["cam", ODD_NAME])
def test_a_stream_of_one_camera_has_no_frame_of_another(running: Rig, camera: str) -> None:
    with EventStream(running.url, f"/events?camera={quote(camera, safe='')}") as stream:
        stream.expect("status")
        for frame_id in range(3):
            publish(running, frame_id, "cam")
            publish(running, frame_id, ODD_NAME)
        assert {stream.expect("frame").data["camera"] for _ in range(3)} == {camera}


def test_whoever_comes_back_gets_what_it_missed(running: Rig) -> None:
    with EventStream(running.url) as stream:
        stream.expect("status")
        publish(running, 1)
        last = stream.expect("frame").event_id
    for frame_id in range(2, 6):
        publish(running, frame_id)
    with EventStream(running.url, last_event_id=last) as again:
        found = [again.expect("frame").data["frame_id"] for _ in range(4)]
    assert found == [2, 3, 4, 5]


def test_after_a_restart_of_the_publisher_a_reader_is_told_that_frames_are_missing(
    running: Rig,
) -> None:
    with EventStream(running.url, last_event_id="0badf00d-7") as stream:
        stream.expect("status")
        publish(running, 1)
        missed = stream.expect("missed")
        first = stream.expect("frame")
    assert missed.data == {"after": "0badf00d-7", "before": first.event_id}


def test_an_unknown_camera_is_refused_in_words(running: Rig) -> None:
    code, _, body = get(running, "/events?camera=nobody")
    assert code == 404
    assert b"'nobody'; known are: cam" in body


def test_readers_beyond_the_cap_are_told_to_come_later_and_viewers_are_not(running: Rig) -> None:
    streams = [EventStream(running.url) for _ in range(4)]
    code, headers, body = get(running, "/events")
    assert (code, headers["Retry-After"]) == (503, "5")
    assert b"PUBLISHER_MAX_VIEWERS" in body
    running.publish_next()
    assert get(running, "/snapshot/cam.jpg")[0] == 200
    streams.pop().close()
    eventually(lambda: running.stage.live.events.readers == 3, "the reader to be missed")
    for stream in streams:
        stream.close()
    eventually(lambda: running.stage.live.events.readers == 0, "all readers to be missed")


def test_a_reader_who_stops_reading_delays_nobody_and_goes_on_with_what_is_new(
    running: Rig,
) -> None:
    with EventStream(running.url, receive_bytes=4096) as stuck, EventStream(running.url) as quick:
        last = 300  # of 5 kB each: far more than fits the system's buffers
        for frame_id in range(1, last + 1):
            publish(running, frame_id, faces=12)
            assert quick.expect("frame").data["frame_id"] == frame_id
        stuck.expect("missed")
        assert stuck.expect("frame").data["frame_id"] > last - NEAR_FRAMES


def test_the_last_frames_are_sent_before_the_streams_end(folder: Path) -> None:
    with rig(folder) as running:
        stream = EventStream(running.url)
        stream.expect("status")
        for frame_id in range(1, 6):
            publish(running, frame_id)
    with stream:
        assert [stream.expect("frame").data["frame_id"] for _ in range(5)] == [1, 2, 3, 4, 5]
