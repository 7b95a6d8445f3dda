"""Tests of capture.cells: which cell a camera falls to."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from capture.cells import cell_of
from tests.support.pipeline import ROOT

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", fullmatch=True)


@given(NAMES, st.integers(1, 10_000))
def test_a_camera_falls_to_one_of_the_cells(name: str, cells: int) -> None:
    assert 0 <= cell_of(name, cells) < cells


@given(st.sets(NAMES, min_size=1), st.integers(1, 1_000))
def test_a_new_cell_takes_cameras_from_others_and_moves_no_other(
    names: set[str], cells: int
) -> None:
    for name in names:
        assert cell_of(name, cells + 1) in (cell_of(name, cells), cells)


@given(st.text("abc-_.", min_size=1, max_size=20), st.integers(1, 20))
def test_no_cell_has_twice_its_share_nor_less_than_half(prefix: str, cells: int) -> None:
    """With 200 cameras a cell the share is some 14 more or less, so these are seven of those."""
    cameras = 200 * cells
    shares = Counter(cell_of(f"{prefix}{number}", cells) for number in range(cameras))
    assert len(shares) == cells
    assert max(shares.values()) < 400
    assert min(shares.values()) > 100


@given(st.text("abc-_.", min_size=1, max_size=20), st.integers(1, 20))
def test_a_new_cell_takes_its_share(prefix: str, cells: int) -> None:
    names = [f"{prefix}{number}" for number in range(200 * cells)]
    moved = sum(cell_of(name, cells) != cell_of(name, cells + 1) for name in names)
    share = len(names) / (cells + 1)
    assert share / 2 < moved < 2 * share


def test_the_rule_never_changes() -> None:
    """Cells of two versions run side by side while a fleet is updated, and must agree."""
    names = [f"camera-{number}" for number in range(10)]
    assert [cell_of(name, 4) for name in names] == [2, 0, 3, 0, 0, 1, 3, 1, 2, 1]


def test_every_process_has_the_same_rule() -> None:
    """As ``hash`` has not, which is drawn anew by each."""
    program = "from capture.cells import cell_of; print(cell_of('door', 1000))"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(told.stdout) == cell_of("door", 1000)
