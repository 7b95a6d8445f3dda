"""One pipeline on the bundled clip, which tests may look at but not harm."""

from __future__ import annotations

import itertools
import json
from typing import Any

import cv2
import numpy as np
import pytest

from common.face_model import LABELS
from publisher.tracking.smoothing import UNCERTAIN
from tests.e2e.looking import assert_ledger, scrape
from tests.publisher.described import assert_described
from tests.support.http_stream import EventStream
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e


def test_bundled_clip_shows_labelled_faces(demo: Pipeline) -> None:
    def labelled() -> list[dict[str, Any]]:
        newest = demo.camera().get("newest") or {}
        return [face for face in newest.get("faces", []) if face["label"]]

    for face in eventually(labelled, "a labelled face"):
        assert face["label"] in (*LABELS, UNCERTAIN)
        assert 0 < face["confidence"] <= 1
        assert sum(face["smoothed"].values()) == pytest.approx(1, abs=0.01)


def test_ledger_holds_at_every_moment(demo: Pipeline) -> None:
    captured = set()

    def moved_often() -> bool:
        camera, found = demo.camera(), scrape(demo)
        assert_ledger(camera)
        ended = found["ferstream_frames_total"] + found["ferstream_frames_in_flight"]
        assert found["ferstream_frames_captured_total"] == ended
        captured.add(camera["captured"])
        return len(captured) > 8

    eventually(moved_often, "reports with other counts")


def test_picture_moves_in_the_stream(demo: Pipeline) -> None:
    stream = cv2.VideoCapture(f"{demo.url}/video_feed")
    frames = [stream.read() for _ in range(20)]
    stream.release()
    assert all(read for read, _ in frames)
    assert frames[0][1].shape == (480, 640, 3)
    difference = np.abs(frames[0][1].astype(int) - frames[-1][1].astype(int)).mean()
    assert difference > 0.5


def test_page_and_snapshot_and_health_answer(demo: Pipeline) -> None:
    code, page = demo.get("/")
    assert code == 200
    assert b"<html" in page.lower()
    code, jpeg = demo.get("/snapshot/demo.jpg")
    assert code == 200
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (480, 640, 3)
    assert demo.get("/healthz")[0] == 200
    assert demo.get("/readyz")[0] == 200
    assert demo.get("/video_feed/nobody")[0] == 404


def test_events_bring_labelled_faces_of_growing_frames(demo: Pipeline) -> None:
    frames: list[dict[str, Any]] = []
    with EventStream(demo.url) as stream:
        assert_described(stream.expect("status").data, "Status")
        while not any(face["label"] in LABELS for made in frames for face in made["faces"]):
            frames.append(stream.expect("frame").data)
            assert_described(frames[-1], "Frame")
    ids = [made["frame_id"] for made in frames]
    assert ids == sorted(set(ids))


def test_history_fills_while_nobody_watches(demo: Pipeline) -> None:
    def labelled() -> Any:
        history = json.loads(demo.get("/api/history?camera=demo&since=-60")[1])
        assert_described(history, "History")
        samples = history["samples"]
        return samples if any(sample["faces"] for sample in samples) and len(samples) > 5 else None

    samples = eventually(labelled, "samples with faces")
    gaps_s = [  # whichever clock has moved: late frames come in a burst, without their pauses
        max(after["at"] - before["at"], abs(after["pts_s"] - before["pts_s"]))
        for before, after in itertools.pairwise(samples)
    ]
    assert min(gaps_s) > 0.2


def test_latencies_and_batches_are_counted(demo: Pipeline) -> None:
    before = scrape(demo)
    demo.wait_published(demo.camera()["published"] + 30)
    after = scrape(demo)
    for name in (
        "ferstream_picture_age_seconds_count",
        "ferstream_stage_latency_seconds_sum",
        "ferstream_batch_size_faces_count",
    ):
        assert after[name] > before[name] > 0, name
    assert after["ferstream_workers"] == 4


def test_two_captures_are_two_cameras(demo: Pipeline) -> None:
    with demo.worker("capture", CAPTURE_CAMERA="other"):
        demo.wait_published(10, "other")
        demo.wait_published(demo.camera()["published"] + 10, "demo")
        assert demo.get("/snapshot/other.jpg")[0] == 200
    eventually(lambda: demo.camera("other")["online"] is False, "the camera to be offline")


def test_another_pipeline_reads_this_ones_video_feed(demo: Pipeline) -> None:
    with Pipeline(CAPTURE_SOURCE=f"{demo.url}/video_feed", CAPTURE_CAMERA="second") as second:
        second.wait_published(10, "second")
        eventually(
            lambda: (second.camera("second").get("newest") or {}).get("faces"),
            "faces in the picture of the other pipeline",
        )


def test_second_pipeline_on_the_same_address_is_refused_and_the_first_goes_on(
    demo: Pipeline,
) -> None:
    with Pipeline(BROKER_ENDPOINT=demo.environ["BROKER_ENDPOINT"]) as second:
        assert second.wait() == 2, second.log
    (line,) = [line for line in second.lines if "BROKER_ENDPOINT" in line]
    assert "the pipeline of process" in line
    demo.wait_published(demo.camera()["published"] + 20)
