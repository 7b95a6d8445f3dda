"""Smoothing and the choice of the label."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.face_model import LABELS
from publisher.tracking.smoothing import (
    CERTAIN_FROM,
    CLEAR_LEAD,
    CLEAR_S,
    LABEL_MARGIN,
    OVERTAKEN_S,
    TIME_CONSTANT_S,
    UNCERTAIN,
    UNCERTAIN_BELOW,
    Smoothed,
    smooth,
)

probabilities = st.lists(st.floats(0.001, 1.0), min_size=7, max_size=7).map(
    lambda row: tuple(value / sum(row) for value in row)
)
seconds = st.floats(0.001, 5.0)


@given(probabilities, probabilities, seconds)
def test_the_result_is_a_distribution_between_old_and_new(
    old: tuple[float, ...], new: tuple[float, ...], elapsed_s: float
) -> None:
    now = smooth(smooth(None, old, 0.0), new, elapsed_s)
    assert sum(now.probabilities) == pytest.approx(1)
    for a, b, value in zip(old, new, now.probabilities, strict=True):
        assert min(a, b) - 1e-12 <= value <= max(a, b) + 1e-12


@given(probabilities, probabilities, seconds, st.integers(2, 60))
def test_the_frame_rate_does_not_matter(
    old: tuple[float, ...], new: tuple[float, ...], elapsed_s: float, steps: int
) -> None:
    at_once = smooth(smooth(None, old, 0.0), new, elapsed_s)
    in_steps = smooth(None, old, 0.0)
    for step in range(1, steps + 1):
        in_steps = smooth(in_steps, new, elapsed_s * step / steps)
    assert in_steps.probabilities == pytest.approx(at_once.probabilities, abs=1e-9)


@given(st.lists(st.tuples(probabilities, seconds), min_size=1, max_size=30))
def test_the_leader_is_never_more_than_the_margin_behind(
    seen: list[tuple[tuple[float, ...], float]],
) -> None:
    now, at_s = None, 0.0
    for row, elapsed_s in seen:
        at_s += elapsed_s
        now = smooth(now, row, at_s)
        leading = now.probabilities[now.leader]
        assert leading >= max(now.probabilities) - LABEL_MARGIN - 1e-12
        if leading >= CERTAIN_FROM:
            assert (now.label, now.confidence) == (LABELS[now.leader], leading)
        elif leading < UNCERTAIN_BELOW and now.clear_s is None:
            assert (now.label, now.confidence) == (UNCERTAIN, None)


def labels_of(
    now: Smoothed, row: tuple[float, ...], seconds: float, fps: int
) -> list[tuple[float, str]]:
    """Return when the label changed while a face was the same, and to what."""
    changes, last = [], now.label
    for frame in range(1, round(seconds * fps) + 1):
        now = smooth(now, row, now.at_s + 1 / fps)
        if now.label != last:
            last = now.label
            changes.append((frame / fps, last))
    return changes


HAPPY_WITHIN_THE_MARGIN = (0.0, 0.0, 0.0, 0.51, 0.0, 0.11, 0.38)
NEUTRAL = Smoothed((0.0, 0.0, 0.0, 0.3, 0.0, 0.11, 0.59), LABELS.index("neutral"), True, 0.0)


@pytest.mark.parametrize("fps", [5, 30, 120])
def test_a_label_that_others_lead_for_two_seconds_changes_within_the_margin(fps: int) -> None:
    ((at_s, label),) = labels_of(NEUTRAL, HAPPY_WITHIN_THE_MARGIN, 30.0, fps)
    assert label == "happy"
    # 0.59 on its way to 0.38 meets 0.30 on its way to 0.51
    overtaken_s = TIME_CONSTANT_S * math.log((0.59 - 0.30 + 0.51 - 0.38) / (0.51 - 0.38))
    assert OVERTAKEN_S < at_s < overtaken_s + OVERTAKEN_S + 2 / fps + 1e-6


def test_a_label_that_leads_again_meanwhile_stays() -> None:
    now = Smoothed((0.45, 0.55, 0.0), 0, True, 0.0)
    for _ in range(20):
        for row in ((0.45, 0.55, 0.0), (0.55, 0.45, 0.0)):
            for _ in range(45):
                now = smooth(now, row, now.at_s + 1 / 30)
                assert now.label == LABELS[0]


CLEAR = (0.08, 0.04, 0.04, 0.46, 0.22, 0.0, 0.16)
UNSURE = Smoothed((0.2, 0.05, 0.05, 0.25, 0.25, 0.0, 0.2), LABELS.index("happy"), False, 0.0)


@pytest.mark.parametrize("fps", [5, 30, 120])
def test_what_is_clearly_ahead_for_a_second_stops_being_uncertain(fps: int) -> None:
    assert max(CLEAR) < CERTAIN_FROM
    ((at_s, label),) = labels_of(UNSURE, CLEAR, 30.0, fps)
    assert label == "happy"
    ahead_s = TIME_CONSTANT_S * math.log(0.24 / (0.24 - CLEAR_LEAD))
    assert CLEAR_S < at_s < ahead_s + CLEAR_S + 2 / fps + 1e-6


def test_what_is_ahead_now_and_then_stays_uncertain() -> None:
    now, close = UNSURE, (0.08, 0.04, 0.04, 0.40, 0.28, 0.0, 0.16)
    for _ in range(20):
        for row in (CLEAR, close):
            for _ in range(30):
                now = smooth(now, row, now.at_s + 1 / 30)
                assert (now.label, now.confidence) == (UNCERTAIN, None)


def test_after_the_time_constant_two_thirds_of_the_way_are_gone() -> None:
    now = smooth(smooth(None, (1.0, 0.0), 0.0), (0.0, 1.0), TIME_CONSTANT_S)
    assert now.probabilities[1] == pytest.approx(1 - math.exp(-1))


def test_a_lead_within_the_margin_does_not_change_the_label() -> None:
    before = Smoothed((0.55, 0.45), 0, True, 0.0)
    assert smooth(before, (0.45, 0.55), 1000.0).label == LABELS[0]
    assert smooth(before, (0.40, 0.60), 1000.0).label == LABELS[1]


def test_a_label_is_uncertain_below_the_threshold_and_named_again_a_little_above() -> None:
    def rows(leading: float) -> tuple[float, ...]:
        return (leading, leading - 0.15, *((1.15 - 2 * leading) / 5,) * 5)  # not clearly ahead

    below, between, above = UNCERTAIN_BELOW - 0.01, UNCERTAIN_BELOW + 0.01, CERTAIN_FROM + 0.01
    now = smooth(None, rows(between), 0.0)
    labels = []
    for at_s, leading in enumerate((between, below, between, above, between), start=1):
        now = smooth(now, rows(leading), 1000.0 * at_s)
        labels.append(now.label)
    assert labels == [LABELS[0], UNCERTAIN, UNCERTAIN, LABELS[0], LABELS[0]]
    assert smooth(None, rows(below), 0.0).label == UNCERTAIN


def test_timestamps_that_stand_still_do_not_freeze_the_label() -> None:
    now = smooth(None, (1.0, 0.0), 0.0)
    for _ in range(60):
        now = smooth(now, (0.0, 1.0), 0.0)
    assert now.label == LABELS[1]
