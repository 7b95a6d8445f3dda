"""What Prometheus reads."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families

from common.contract import Role
from common.messages import (
    About,
    FrameTimes,
    ImageStatus,
    PeerStatus,
    PipelineStatus,
    QueueStatus,
)
from tests.publisher.asking import get, get_json
from tests.publisher.material import FACE, HAPPY, Rig, camera_status, frame, pipeline, result, rig
from tests.support.http_stream import EventStream, RawViewer

ODD_NAME = 'küche "2"\\\n'


class Scrape:
    """All samples of one scrape."""

    def __init__(self, running: Rig) -> None:
        code, headers, body = get(running, "/metrics")
        assert code == 200
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = list(text_string_to_metric_families(body.decode()))
        assert len({family.name for family in families}) == len(families)
        assert all(family.documentation for family in families)
        self.types = {family.name: family.type for family in families}
        self.samples = [sample for family in families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """Return the one sample of that name and with exactly those labels."""
        (found,) = (s.value for s in self.samples if s.name == name and s.labels == labels)
        return found

    def all(self, name: str, **labels: str) -> list[float]:
        """Return the samples of that name that have those labels, and others."""
        found = (s for s in self.samples if s.name == name)
        return [s.value for s in found if labels.items() <= s.labels.items()]


def test_the_ledger_of_each_camera_adds_up(running: Rig) -> None:
    running.report(pipeline(camera_status(), camera_status(ODD_NAME)))
    scrape = Scrape(running)
    for camera in ("cam", ODD_NAME):
        captured = scrape.value("ferstream_frames_captured_total", camera=camera)
        ended = sum(scrape.all("ferstream_frames_total", camera=camera))
        assert captured == ended + scrape.value("ferstream_frames_in_flight", camera=camera) == 10
        name = "ferstream_frames_total"
        assert scrape.value(name, camera=camera, fate="dropped", cause="superseded") == 2
        assert scrape.value(name, camera=camera, fate="published", cause="") == 6
    assert scrape.types["ferstream_frames"] == "counter"


def test_stages_and_age_are_histograms_in_seconds(running: Rig) -> None:
    for number in range(1, 4):
        shown = frame(number)
        start_ns = shown.captured_mono_ns
        marks_ns = [start_ns + ms * 1_000_000 for ms in (3, 4, 34, 40, 41)]
        sent = structs.replace(result(shown), times=FrameTimes(*marks_ns))
        running.publish(sent)
    scrape = Scrape(running)
    name = "ferstream_stage_latency_seconds"
    assert scrape.types[name] == "histogram"
    assert scrape.value(f"{name}_count", camera="cam", stage="detection") == 3
    assert scrape.value(f"{name}_sum", camera="cam", stage="detection") == pytest.approx(0.09)
    labels = {"camera": "cam", "stage": "detection"}
    assert scrape.value(f"{name}_bucket", le="0.02", **labels) == 0
    assert scrape.value(f"{name}_bucket", le="0.04", **labels) == 3
    stages = {s.labels["stage"] for s in scrape.samples if s.name == f"{name}_count"}
    assert stages == {"capture", "waiting", "detection", "classification", "order", "publishing"}
    assert scrape.value("ferstream_picture_age_seconds_count", camera="cam") == 3


def test_faces_are_counted_by_what_became_of_them(running: Rig) -> None:
    other, third = (5, 5, 20, 20), (100, 60, 20, 20)
    faces = [(FACE, HAPPY), (other, None), (third, None)]
    for number in range(1, 4):
        running.publish(result(frame(number), faces, turned_away=(False, False, True)))
    running.publish(result(frame(4)))
    scrape = Scrape(running)
    name = "ferstream_faces_total"
    fates = {"judged": 4, "reused": 3, "turned_away": 3}
    assert {fate: scrape.value(name, camera="cam", fate=fate) for fate in fates} == fates
    _, status = get_json(running, "/api/status")
    assert status["cameras"][0]["faces"] == fates


def test_queues_and_batches_are_those_of_the_broker(running: Rig) -> None:
    queues = (QueueStatus(Role.DETECTOR, 2, 40.0), QueueStatus(Role.CLASSIFIER, 0, 0.0))
    batches = {1: 4, 3: 2, 8: 1}
    running.report(PipelineStatus(1.0, 5, (camera_status(),), (), queues, batches))
    scrape = Scrape(running)
    assert scrape.value("ferstream_queue_length", role="detector") == 2
    assert scrape.value("ferstream_queue_age_seconds", role="detector") == pytest.approx(0.04)
    assert scrape.value("ferstream_queue_age_seconds", role="classifier") == 0
    name = "ferstream_batch_size_faces"
    assert scrape.types[name] == "histogram"
    found = [scrape.value(f"{name}_bucket", le=f"{bound}.0") for bound in (1, 2, 4, 8, 16)]
    assert found == [4, 4, 6, 7, 7]
    assert scrape.value(f"{name}_count") == scrape.value(f"{name}_bucket", le="+Inf") == 7
    assert scrape.value(f"{name}_sum") == 4 + 6 + 8
    assert scrape.value("ferstream_bad_messages_total") == 5


def test_the_ledger_of_uploaded_images_adds_up(running: Rig) -> None:
    images = ImageStatus(taken=20, analyzed=9, failed=1, late=2, lost=3, in_flight=5, refused=4)
    running.report(PipelineStatus(1.0, 0, (camera_status(),), (), images=images))
    scrape = Scrape(running)
    ended = sum(scrape.all("ferstream_images_total"))
    taken = scrape.value("ferstream_images_taken_total")
    assert taken == ended + scrape.value("ferstream_images_in_flight") == 20
    assert scrape.value("ferstream_images_total", outcome="late") == 2
    assert scrape.value("ferstream_images_refused_total") == 4


def test_workers_and_who_watches_are_counted(running: Rig) -> None:
    running.report(pipeline(camera_status(), roles=(Role.CLASSIFIER, Role.CLASSIFIER)))
    running.publish_next()
    with RawViewer(running.url), EventStream(running.url) as stream:
        stream.expect("status")
        scrape = Scrape(running)
        assert scrape.value("ferstream_video_viewers") == 1
        assert scrape.value("ferstream_event_readers") == 1
    assert scrape.value("ferstream_workers", role="classifier") == 2
    assert scrape.value("ferstream_workers", role="detector") == 0
    assert scrape.value("ferstream_ready") == 0
    assert scrape.value("ferstream_camera_online", camera="cam") == 1


def test_without_a_broker_there_are_metrics_all_the_same(folder: Path) -> None:
    with rig(folder, welcomed=False) as alone:
        alone.stage.step()
        scrape = Scrape(alone)
    assert scrape.value("ferstream_ready") == 0
    assert scrape.all("ferstream_frames_total") == []


DETECTOR: About = {
    "detector": "haar",
    "min_face": 0.04,
    "search_width_px": None,
    "interval_frames": 10,
    "max_turn_deg": 60,
    "model": None,
    "sha256": None,
    "opencv": "4",
    "and more": "?",
}
CLASSIFIER: About = {"backend": "onnx", "model": "expression.onnx", "sha256": "cef5"}
SOURCE: About = {
    "source": "t.mp4",
    "width": 640,
    "height": 480,
    "fps": 25.0,
    "frames": 3,
    "sha256": "ab",
}


def test_what_runs_and_on_what_is_told(running: Rig) -> None:
    camera = structs.replace(camera_status(), about=SOURCE)
    peers = tuple(
        PeerStatus(role, name, 0, 0.0, 0, about=about)
        for role, name, about in (
            (Role.DETECTOR, "a", DETECTOR),
            (Role.DETECTOR, "b", dict(DETECTOR)),
            (Role.CLASSIFIER, "c", CLASSIFIER),
        )
    )
    running.report(PipelineStatus(1.0, 0, (camera,), peers))
    scrape = Scrape(running)
    assert scrape.all("ferstream_build_info") == [1]
    labels = {
        "version": version("ferstream"),
        "detector": "haar",
        "detector_min_face": "0.04",
        "detector_interval_frames": "10",
        "detector_search_width_px": "",
        "classifier_model": "expression.onnx",
        "classifier_sha256": "cef5",
    }
    assert scrape.all("ferstream_build_info", **labels) == [1]
    of_camera = {"mode": "live", "source": "t.mp4", "width": "640", "fps": "25.0", "sha256": "ab"}
    assert scrape.value("ferstream_camera_info", camera="cam", height="480", **of_camera) == 1
    began_s = scrape.value("ferstream_start_time_seconds")
    _, status = get_json(running, "/api/status")
    assert datetime.fromisoformat(status["started_at"]).timestamp() == pytest.approx(began_s)
    assert began_s == pytest.approx(running.lifetime.first_started)


def test_before_anybody_has_come_the_version_is_told(running: Rig) -> None:
    assert Scrape(running).all("ferstream_build_info", version=version("ferstream")) == [1]
