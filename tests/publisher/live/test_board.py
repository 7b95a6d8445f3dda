"""What the board says when, by clocks that the tests move."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from publisher.live.board import LOST_NOTICE_S
from tests.publisher.material import Rig, camera_status, pipeline
from tests.support.clock import Clock

DAY_S = 86_400.0


def test_loss_of_the_broker_is_told_in_time_however_the_wall_clock_jumps(
    running: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.report(pipeline(camera_status()))
    board = running.stage.live.board
    wall, steady = Clock(10 * DAY_S), Clock()
    clocks = SimpleNamespace(time=wall, monotonic=steady)
    shown = SimpleNamespace(strftime=time.strftime, localtime=time.localtime)
    monkeypatch.setattr("publisher.live.board.time", SimpleNamespace(**vars(clocks), **vars(shown)))
    board.note_step(connected=False)
    wall.now_s += DAY_S
    assert board.notices() == {}
    wall.now_s -= 2 * DAY_S
    steady.now_s += LOST_NOTICE_S + 0.1
    assert set(board.notices()) == {"cam"}
