"""Streams as the programs read them that people point at one: OpenCV, ffmpeg and curl."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tests.publisher.material import HEIGHT, WIDTH, Rig, camera_status, pipeline
from tests.publisher.uploading import decoded
from tests.support.http_stream import BOUNDARY, RawViewer
from tests.support.programs import needed
from tests.support.waiting import eventually

OLD, NEW, NEXT = 40, 120, 200  # brightness: tells which picture it is
CORNER = (slice(-10, None), slice(-10, None))  # away from the face that is drawn
JPEG_ERROR = 3.0
CURL_S = 2.5  # the newest picture is repeated every second
TIMED_OUT = 28


@pytest.fixture
def running(running: Rig) -> Iterator[Rig]:
    """A publisher with one viewer, which has shown old pictures and then a newer one."""
    running.report(pipeline(camera_status()))
    with RawViewer(running.url, "/video_feed/cam"):
        eventually(lambda: running.stage.live.hub.viewers_of("cam") == 1, "the viewer")
        for _ in range(20):
            publish(running, OLD)
        publish(running, NEW)
        yield running


def publish(running: Rig, brightness: int) -> None:
    running.ring.write(0, np.full(running.ring.shape, brightness, np.uint8))
    running.publish_next()


def brightness(picture: npt.NDArray[np.uint8] | cv2.typing.MatLike) -> float:
    assert picture.shape == (HEIGHT, WIDTH, 3)
    return float(picture[CORNER].mean())


def shown(jpeg: bytes) -> float:
    return brightness(decoded(jpeg))


def test_opencv_begins_with_the_newest_picture(running: Rig) -> None:
    reader = cv2.VideoCapture(f"{running.url}/video_feed")
    try:
        read, picture = reader.read()
    finally:
        reader.release()
    assert read
    assert brightness(picture) == pytest.approx(NEW, abs=JPEG_ERROR)
    running.until(lambda: running.stage.live.hub.viewers == 1, "OpenCV to leave")


def test_ffmpeg_reads_a_stream_from_the_newest_picture_on(running: Rig) -> None:
    command = [needed("ffmpeg"), "-nostdin", "-loglevel", "error", "-i"]
    command += [f"{running.url}/video_feed/cam", "-frames:v", "3"]
    command += ["-f", "rawvideo", "-pix_fmt", "bgr24", "-"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    pictures = np.frombuffer(done.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)
    assert len(pictures) == 3
    for picture in pictures:
        assert brightness(picture) == pytest.approx(NEW, abs=JPEG_ERROR)
    running.until(lambda: running.stage.live.hub.viewers == 1, "ffmpeg to leave")


def test_curl_sees_whole_parts_between_boundaries(running: Rig) -> None:
    command = [needed("curl"), "-sN", "--max-time", str(CURL_S), f"{running.url}/video_feed"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == TIMED_OUT, "the stream goes on until curl leaves"
    assert done.stdout.startswith(BOUNDARY)
    parts = done.stdout.removeprefix(BOUNDARY).split(b"\r\n" + BOUNDARY)
    assert parts.pop() == b"", "a boundary follows each picture at once"
    assert len(parts) >= 2
    for part in parts:
        head, _, jpeg = part.partition(b"\r\n\r\n")
        told = re.search(rb"Content-Length: (\d+)", head)
        assert told
        assert int(told[1]) == len(jpeg)
        assert shown(jpeg) == pytest.approx(NEW, abs=JPEG_ERROR)


def test_another_viewer_joins_at_the_newest_picture(running: Rig) -> None:
    with RawViewer(running.url) as before:
        assert shown(before.read_picture()) == pytest.approx(NEW, abs=JPEG_ERROR)
        publish(running, NEXT)
        with RawViewer(running.url) as joins:
            assert shown(joins.read_picture()) == pytest.approx(NEXT, abs=JPEG_ERROR)
        eventually(lambda: shown(before.read_picture()) > NEXT - JPEG_ERROR, "it everywhere")
