"""Tests of what ``benchmarks.broker`` measures: every frame that is sent comes to its end."""

from __future__ import annotations

import pytest

from benchmarks import broker_load
from benchmarks.broker import RUN_LENGTH, Exchange
from benchmarks.broker_load import measure_load
from common.contract import CAMERA_MODES, Fate, Mode


@pytest.mark.parametrize("mode", CAMERA_MODES)
@pytest.mark.parametrize("faces", [0, 2])
def test_every_frame_is_released(mode: Mode, faces: int) -> None:
    exchange = Exchange(mode, cameras=3, detectors=2, faces=faces)
    for _ in range(2 * RUN_LENGTH):
        exchange.frame_of_each()
    assert exchange.released == 3 * 2 * RUN_LENGTH
    assert exchange.spent_ns > 0


def test_frames_of_a_load_are_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_load, "WARM_UP_S", 1.0)
    load = measure_load(cameras=3, detectors=1, rate_fps=10.0, seconds=1.0)
    assert load.ended[Fate.PUBLISHED] > 0
