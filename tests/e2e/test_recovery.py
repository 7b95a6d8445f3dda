"""One pipeline on the bundled clip, whose processes are killed, frozen and added."""

from __future__ import annotations

import psutil
import pytest

from tests.e2e.looking import assert_ledger
from tests.support.http_stream import EventStream
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e


def only_process(demo: Pipeline, module: str) -> psutil.Process:
    (stage,) = demo.processes(module)
    return stage


def wait_replaced(demo: Pipeline, stage: psutil.Process, module: str) -> None:
    """Wait for another process in the place of one, and for the video to go on."""
    eventually(lambda: [p for p in demo.processes(module) if p.pid != stage.pid], f"a new {module}")
    demo.wait_published(demo.camera().get("published", 0) + 20)


def test_classifier_started_by_hand_is_used_and_missed_by_nobody_when_killed(
    demo: Pipeline,
) -> None:
    names = {peer["name"] for peer in demo.peers("classifier")}
    with demo.worker("classifier") as worker:
        (new,) = eventually(
            lambda: [p for p in demo.peers("classifier") if p["name"] not in names and p["done"]],
            "the new classifier to be used",
        )
        worker.kill()
    eventually(
        lambda: new["name"] not in {peer["name"] for peer in demo.peers("classifier")},
        "the killed classifier to be given up",
    )
    demo.wait_published(demo.camera()["published"] + 20)
    assert_ledger(demo.camera())
    eventually(  # its process notices that its parent is gone, and ends too
        lambda: len(demo.processes("classifier.stage")) == 1, "the killed one's child to end"
    )


def test_killed_classifier_is_started_again_while_the_video_goes_on(demo: Pipeline) -> None:
    stage = only_process(demo, "classifier.stage")
    stage.kill()
    wait_replaced(demo, stage, "classifier.stage")
    eventually(lambda: demo.peers("classifier"), "the classifier to be back")
    assert "starting it again" in demo.log


def test_frozen_detector_is_given_up_and_replaced(demo: Pipeline) -> None:
    stage = only_process(demo, "detector.stage")
    stage.suspend()
    wait_replaced(demo, stage, "detector.stage")
    assert_ledger(demo.camera())


def test_a_reader_who_comes_back_after_the_publisher_was_killed_is_told(demo: Pipeline) -> None:
    with EventStream(demo.url) as stream:
        last = stream.expect("frame").event_id
    publisher = only_process(demo, "publisher.stage")
    publisher.kill()
    wait_replaced(demo, publisher, "publisher.stage")
    with EventStream(demo.url, last_event_id=last) as stream:
        assert stream.expect("missed").data["after"] == last
        assert stream.expect("frame").event_id.partition("-")[0] != last.partition("-")[0]


def test_everyone_is_back_after_the_broker_was_killed(demo: Pipeline) -> None:
    before = demo.camera()
    only_process(demo, "common.broker.stage").kill()
    demo.wait_published(before["published"] + 20)
    camera = demo.camera()
    assert_ledger(camera)
    assert camera["captured"] > before["captured"]
