"""How much boxes overlap."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.overlaps import overlaps


def test_overlap_of_boxes() -> None:
    a = np.array([(0, 0, 10, 10), (0, 0, 0, 0)], np.float64)
    b = np.array([(0, 0, 10, 10), (5, 0, 10, 10), (50, 50, 5, 5), (0, 0, 0, 0)], np.float64)
    assert overlaps(a, b)[0] == pytest.approx([1, 1 / 3, 0, 0])
    assert overlaps(a, b)[1] == pytest.approx([0, 0, 0, 0])
