from __future__ import annotations

from itertools import pairwise

import pytest

from training.schedule import learning_rate


def test_the_rate_climbs_and_then_falls_to_nothing() -> None:
    rates = [learning_rate(step, 100, 10, 0.2) for step in range(100)]
    assert rates[:10] == pytest.approx([0.02 * (step + 1) for step in range(10)])
    assert max(rates) == pytest.approx(0.2)
    assert all(after <= before for before, after in pairwise(rates[9:]))
    assert learning_rate(55, 100, 10, 0.2) == pytest.approx(0.1)
    assert rates[-1] < 0.001
    assert learning_rate(100, 100, 10, 0.2) == pytest.approx(0.0)


def test_a_run_without_warm_up_starts_at_the_peak() -> None:
    assert learning_rate(0, 10, 0, 0.1) == pytest.approx(0.1)
