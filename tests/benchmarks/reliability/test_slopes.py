from __future__ import annotations

import numpy as np
import pytest

from benchmarks.reliability.samples import HANDLES, MEMORY, Series
from benchmarks.reliability.slopes import slope_of, slopes_table

MINUTES = np.arange(0, 30, 0.1)


def test_slope_is_that_of_the_settled_part() -> None:
    filling = np.where(MINUTES < 9.9, 100 * MINUTES, 990 + (MINUTES - 9.9) / 60)
    slope = slope_of(MINUTES.tolist(), filling.tolist())
    assert slope.an_hour == pytest.approx(1)
    assert (slope.smallest, slope.largest) == pytest.approx((990, 990.3), abs=0.1)


def test_noise_is_within_the_error_of_the_slope() -> None:
    noise = np.random.default_rng(0).normal(50, 5, len(MINUTES))
    slope = slope_of(MINUTES.tolist(), noise.tolist())
    assert abs(slope.an_hour) < slope.error_an_hour
    assert slope.median == pytest.approx(50, abs=1)


def test_stage_that_was_away_for_a_look_has_no_row() -> None:
    series = Series()
    for minute in range(10):
        broker = {"broker": float(minute)} if minute != 5 else {}
        series.add(minute, {MEMORY: broker, HANDLES: {"broker": 7.0}})
    rows = slopes_table(series).rows
    assert [row[:2] for row in rows[1:]] == [(HANDLES, "broker")]
    assert rows[1][-1] == "+0.0 ± 0.0"
