"""Guests of a real pipeline, and what is seen of it meanwhile."""

from __future__ import annotations

import pytest

from benchmarks.reliability import guests, samples
from benchmarks.reliability.guests import Guests
from benchmarks.reliability.samples import PANELS, RINGS, sample_for
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e


def has_shown_a_guest(pipeline: Pipeline) -> bool:
    cameras = pipeline.status().get("cameras", [])
    return any(of["published"] for of in cameras if of["camera"].startswith("guest"))


def test_guests_come_and_go_and_nothing_of_them_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "VIEWER_STAYS_S", (0.1, 1.0))
    monkeypatch.setattr(samples, "LOOK_S", 0.5)
    with Pipeline(CAPTURE_CAMERA="stays") as pipeline:
        pipeline.wait_published(10, "stays")
        with Guests(pipeline, seed=1) as came:
            eventually(lambda: has_shown_a_guest(pipeline), "a guest's frames")
            series = sample_for(pipeline, "stays", 3)
        eventually(lambda: pipeline.status()["viewers"] == 0, "the viewers to leave")
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    assert came.came["viewers"] > 0
    assert came.came["cameras"] > 0
    assert set(series.lines) == set(PANELS)
    assert all(series.lines[panel] for panel in PANELS), series
    assert set(series.lines[RINGS]) == {"capture", "detector", "publisher"}
