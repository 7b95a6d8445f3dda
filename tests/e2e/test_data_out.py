"""Events, history and metrics of a real pipeline, as their readers get them."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from common.face_model import LABELS
from tests.publisher.described import assert_described
from tests.support.event_stream import EventStream
from tests.support.pipeline import Pipeline, wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def demo() -> Iterator[Pipeline]:
    with Pipeline() as pipeline:
        pipeline.wait_published(30)
        yield pipeline


def scrape(pipeline: Pipeline) -> Counter[str]:
    """Add up the samples of each name over all labels."""
    code, body = pipeline.get("/metrics")
    assert code == 200
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found[sample.name] += sample.value  # type: ignore[assignment]
    return found


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

    samples = wait_for(labelled, "samples with faces")
    gaps_s = [  # whichever clock has moved: late frames come in a burst, without their pauses
        max(after["at"] - before["at"], abs(after["pts_s"] - before["pts_s"]))
        for before, after in itertools.pairwise(samples)
    ]
    assert min(gaps_s) > 0.2


def test_the_ledger_holds_at_every_scrape(demo: Pipeline) -> None:
    captured = set()

    def moved_often() -> bool:
        found = scrape(demo)
        ended = found["ferstream_frames_total"] + found["ferstream_frames_in_flight"]
        assert found["ferstream_frames_captured_total"] == ended
        captured.add(ended)
        return len(captured) > 8

    wait_for(moved_often, "scrapes with other counts")


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


def test_a_reader_who_comes_back_after_the_publisher_was_killed_is_told(demo: Pipeline) -> None:
    with EventStream(demo.url) as stream:
        last = stream.expect("frame").event_id
    (publisher,) = demo.processes("publisher.stage")
    publisher.kill()
    wait_for(
        lambda: [p for p in demo.processes("publisher.stage") if p.pid != publisher.pid],
        "a new publisher process",
    )
    demo.wait_published(demo.camera().get("published", 0) + 5)
    with EventStream(demo.url, last_event_id=last) as stream:
        assert stream.expect("missed").data["after"] == last
        assert stream.expect("frame").event_id.partition("-")[0] != last.partition("-")[0]
