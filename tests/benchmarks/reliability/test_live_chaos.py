from __future__ import annotations

import time

import pytest

from benchmarks.reliability.faults import Fault, Kind
from benchmarks.reliability.live_chaos import BACK_FRAMES, Viewer, _wait_recovered


def test_a_machine_that_has_got_other_work_since_is_not_waited_for() -> None:
    began_s = time.monotonic() - 1.0
    viewer = Viewer("http://127.0.0.1:9")
    viewer.seen = [(began_s + 0.5 + number / 30, 200.0) for number in range(BACK_FRAMES)]
    recovery = _wait_recovered(Fault(Kind.KILL, "detector", began_s, 0.0), viewer, normal_ms=20.0)
    assert recovery.pause_s == pytest.approx(0.5, abs=1e-6)
