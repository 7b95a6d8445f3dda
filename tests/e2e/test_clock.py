"""The wall clock jumps a day forward and back: only what is shown as a time of day follows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.looking import assert_ledger
from tests.e2e.lossless_runs import Reference, analyse, wait_recorded
from tests.support.http_stream import EventStream
from tests.support.patched import patched_path
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.e2e

DAY_S = 86_400
JUMPING = """
import time
from pathlib import Path

ahead = Path(__file__).with_name("ahead")
wall, wall_ns = time.time, time.time_ns
time.time = lambda: wall() + int(ahead.read_text())
time.time_ns = lambda: wall_ns() + int(ahead.read_text()) * 10**9
"""


class JumpingClock:
    """The wall clock of all processes of a pipeline.

    Attributes:
        path: Their ``PYTHONPATH``.
    """

    def __init__(self, folder: Path, ahead_s: int) -> None:
        self._folder = folder
        self.jump_to(ahead_s)
        self.path = patched_path(folder, JUMPING)

    def jump_to(self, ahead_s: int) -> None:
        new = self._folder / "ahead.new"
        new.write_text(str(ahead_s))
        new.rename(self._folder / "ahead")


def test_jumps_change_no_age_ledger_or_order(tmp_path: Path) -> None:
    clock = JumpingClock(tmp_path, 0)
    with Pipeline(PYTHONPATH=clock.path) as pipeline:
        pipeline.wait_published(20)
        with EventStream(pipeline.url) as events:
            days, frames = set(), []
            for ahead_s in (DAY_S, -DAY_S, 0):
                clock.jump_to(ahead_s)
                pipeline.wait_published(pipeline.camera()["published"] + 20)
                frames += [events.expect("frame").data for _ in range(20)]
                days.add(frames[-1]["captured_at"][:10])
                camera = pipeline.camera()
                assert_ledger(camera)
                assert camera["online"], camera
                assert camera["fps"] > 0
                assert 0 <= camera["age_ms"]["p50"] <= camera["age_ms"]["p99"] < 1000 * DAY_S / 2
        assert len(days) > 1, "the jumps are seen"
        assert all(one["frame_id"] < next_["frame_id"] for one, next_ in pairwise(frames))
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    assert "does not answer" not in pipeline.log
    assert "starting it again" not in pipeline.log
    assert "silent" not in pipeline.log


def test_publisher_restarted_after_a_jump_back_goes_on_with_its_records(
    clip: Path, tmp_path: Path, reference: Reference
) -> None:
    results = tmp_path / "talk.csv"
    clock = JumpingClock(tmp_path, DAY_S)
    with analyse(clip, results, PYTHONPATH=clock.path) as pipeline:
        wait_recorded(results, 20)
        clock.jump_to(0)
        wait_recorded(results, 40)
        pipeline.kill("publisher.stage")
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert results.read_text() == reference.path.read_text()
