from __future__ import annotations

from pathlib import Path

from benchmarks.performance.hosts import LAYOUTS, Elsewhere, Layout, section
from benchmarks.performance.plan import Plan
from benchmarks.performance.recordings import Recordings
from tests.support.hosts import Traffic

PLAN = Plan(Recordings((), Path()), ("haar",), None)


def test_bytes_are_told_for_a_frame_and_for_a_second_of_a_camera() -> None:
    seen = Elsewhere(100.0, Traffic(2500, 400), 15.0, 0.25, Traffic(125_000, 20_000))
    (told,) = section(PLAN, {Layout("classifier", 2): seen}).tables
    assert told.rows[1] == (
        *("2 with a classifier", "100", "2.5", "0.4"),
        *("15.0", "25 %", "1.00", "0.16"),
    )


def test_frames_travel_where_a_detector_is_elsewhere() -> None:
    assert {layout.stage: layout.transport for layout in LAYOUTS} == {
        "": "ring",
        "classifier": "ring",
        "detector": "inline",
    }
