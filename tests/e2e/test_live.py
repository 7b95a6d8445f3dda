import os
import signal
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from common.face_model import LABELS
from publisher.tracking.smoothing import UNCERTAIN
from tests.support.pipeline import Pipeline, wait_for

pytestmark = pytest.mark.e2e


def assert_ledger(camera: dict[str, Any]) -> None:
    ended = camera["published"] + camera["failed"] + sum(camera["dropped"].values())
    assert camera["captured"] == ended + camera["in_flight"], camera


@pytest.fixture(scope="module")
def demo() -> Iterator[Pipeline]:
    """Give one pipeline on the bundled clip that tests may look at but not harm."""
    with Pipeline() as pipeline:
        pipeline.wait_published(30)
        yield pipeline


def test_bundled_clip_shows_labelled_faces(demo: Pipeline) -> None:
    def labelled() -> list[dict[str, Any]]:
        newest = demo.camera().get("newest") or {}
        return [face for face in newest.get("faces", []) if face["label"]]

    for face in wait_for(labelled, "a labelled face"):
        assert face["label"] in (*LABELS, UNCERTAIN)
        assert 0 < face["confidence"] <= 1
        assert sum(face["smoothed"].values()) == pytest.approx(1, abs=0.01)


def test_ledger_holds_at_every_moment(demo: Pipeline) -> None:
    captured = set()

    def moved_often() -> bool:
        camera = demo.camera()
        assert_ledger(camera)
        captured.add(camera["captured"])
        return len(captured) > 8

    wait_for(moved_often, "reports with other counts")


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


def test_another_pipeline_reads_this_ones_video_feed(demo: Pipeline) -> None:
    with Pipeline(CAPTURE_SOURCE=f"{demo.url}/video_feed", CAPTURE_CAMERA="second") as second:
        second.wait_published(10, "second")
        wait_for(
            lambda: (second.camera("second").get("newest") or {}).get("faces"),
            "faces in the picture of the other pipeline",
        )


def test_two_captures_are_two_cameras(demo: Pipeline) -> None:
    demo.environ["CAPTURE_CAMERA"] = "other"
    capture = demo.start_worker("capture")
    try:
        demo.wait_published(10, "other")
        before = demo.camera()["published"]
        demo.wait_published(before + 10, "demo")
        assert demo.get("/snapshot/other.jpg")[0] == 200
    finally:
        capture.send_signal(signal.SIGINT)
        capture.wait(10)
        del demo.environ["CAPTURE_CAMERA"]
    wait_for(lambda: demo.camera("other")["online"] is False, "the camera to be offline")


def test_classifier_started_by_hand_is_used_and_missed_by_nobody_when_killed(
    demo: Pipeline,
) -> None:
    names = {peer["name"] for peer in demo.peers("classifier")}
    worker = demo.start_worker("classifier")
    (new,) = wait_for(
        lambda: [p for p in demo.peers("classifier") if p["name"] not in names and p["done"]],
        "the new classifier to be used",
    )
    worker.kill()
    worker.wait()
    wait_for(
        lambda: new["name"] not in {peer["name"] for peer in demo.peers("classifier")},
        "the killed classifier to be given up",
    )
    before = demo.camera()["published"]
    demo.wait_published(before + 20)
    assert_ledger(demo.camera())
    wait_for(  # its process notices that its parent is gone, and ends too
        lambda: len(demo.processes("classifier.stage")) == 1, "the killed one's child to end"
    )


def test_killed_classifier_is_started_again_while_the_video_goes_on(demo: Pipeline) -> None:
    (stage,) = demo.processes("classifier.stage")
    stage.kill()
    wait_for(
        lambda: [p for p in demo.processes("classifier.stage") if p.pid != stage.pid],
        "a new classifier process",
    )
    before = demo.camera()["published"]
    demo.wait_published(before + 20)
    wait_for(lambda: demo.peers("classifier"), "the classifier to be back")
    assert "starting it again" in demo.log


def test_frozen_detector_is_given_up_and_replaced(demo: Pipeline) -> None:
    (stage,) = demo.processes("detector.stage")
    stage.suspend()
    wait_for(
        lambda: [p for p in demo.processes("detector.stage") if p.pid != stage.pid],
        "a new detector process",
    )
    before = demo.camera()["published"]
    demo.wait_published(before + 20)
    assert_ledger(demo.camera())


def test_everyone_is_back_after_the_broker_was_killed(demo: Pipeline) -> None:
    before = demo.camera()
    (stage,) = demo.processes("common.broker.stage")
    stage.kill()
    wait_for(
        lambda: demo.camera().get("published", 0) > before["published"] + 20,
        "frames to be published again",
    )
    camera = demo.camera()
    assert_ledger(camera)
    assert camera["captured"] > before["captured"]


def test_extra_workers_of_honcho_are_all_used_and_nothing_is_left_after_ctrl_c() -> None:
    with Pipeline("-c", "classifier=3,detector=2") as pipeline:
        for role, count in (("classifier", 3), ("detector", 2)):
            wait_for(
                lambda role=role, count=count: (  # type: ignore[misc]
                    sum(peer["done"] > 0 for peer in pipeline.peers(role)) == count
                ),
                f"{count} {role}s to have worked; log:\n{pipeline.log}",
            )
        pipeline.interrupt()
        pipeline.assert_nothing_left()
        assert "Traceback" not in pipeline.log


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_nothing_is_left_when_honcho_is_killed(number: signal.Signals) -> None:
    with Pipeline() as pipeline:
        pipeline.wait_published(5)
        os.kill(pipeline.process.pid, number)
        pipeline.process.wait(10)
        pipeline.assert_nothing_left(10)


def test_without_a_classifier_the_video_goes_on_and_says_so() -> None:
    with Pipeline("broker", "capture", "detector", "publisher") as pipeline:
        pipeline.wait_published(20)
        code, body = pipeline.get("/readyz")
        assert code == 503
        assert b"python -m classifier" in body
        worker = pipeline.start_worker("classifier")
        wait_for(lambda: pipeline.get("/readyz")[0] == 200, "the pipeline to be ready")
        wait_for(
            lambda: any(peer["done"] for peer in pipeline.peers("classifier")),
            "the classifier to be used",
        )
        worker.terminate()
        worker.wait(10)


def test_frames_travel_inside_messages_where_asked() -> None:
    with Pipeline(FRAME_TRANSPORT="inline") as pipeline:
        pipeline.wait_published(10)
        wait_for(
            lambda: (pipeline.camera().get("newest") or {}).get("faces"), "faces in the picture"
        )
        assert pipeline.get("/snapshot/demo.jpg")[0] == 200
