"""Tests of capture.pacing, on a clock that the test moves."""

from __future__ import annotations

from itertools import pairwise

import pytest

from capture.pacing import DEFAULT_INTERVAL_S, MAX_CATCH_UP_S, MAX_GAP_S, Pacer
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def play(pacer: Pacer, clock: Clock, pts_s: list[float]) -> list[float]:
    """Show each frame when it is due; give the times."""
    shown = []
    for pts in pts_s:
        pacer.schedule(pts)
        clock.now_s += pacer.wait_s()
        shown.append(clock.now_s - 100.0)
    return shown


def test_frames_come_at_their_own_times(clock: Clock) -> None:
    times = [0.0, 0.033, 0.1, 0.5, 0.51, 3.0]
    assert play(Pacer(clock), clock, times) == pytest.approx(times)


def test_a_first_timestamp_other_than_zero_makes_no_wait(clock: Clock) -> None:
    assert play(Pacer(clock), clock, [7.0, 7.1]) == pytest.approx([0.0, 0.1])


def test_a_little_late_is_caught_up(clock: Clock) -> None:
    pacer = Pacer(clock)
    play(pacer, clock, [0.0, 0.1])
    clock.now_s += 0.3
    assert play(pacer, clock, [0.2, 0.3, 0.4, 0.5]) == pytest.approx([0.4, 0.4, 0.4, 0.5])


def test_far_behind_the_timeline_moves_on(clock: Clock) -> None:
    pacer = Pacer(clock)
    play(pacer, clock, [0.0])
    clock.now_s += 60.0
    shown = play(pacer, clock, [frame / 10 for frame in range(1, 30)])
    rushed = [time_s for time_s in shown if time_s == pytest.approx(60.0)]
    assert len(rushed) <= MAX_CATCH_UP_S * 10 + 1
    assert shown[-1] == pytest.approx(60.0 - MAX_CATCH_UP_S + 2.8)


def test_a_loop_goes_on_without_a_jump(clock: Clock) -> None:
    pacer = Pacer(clock)
    shown = play(pacer, clock, [0.0, 0.1, 0.2])
    pacer.start_over()
    shown += play(pacer, clock, [0.0, 0.1, 0.2])
    assert shown == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])


def test_a_recording_of_one_frame_does_not_spin(clock: Clock) -> None:
    pacer = Pacer(clock)
    play(pacer, clock, [0.0])
    pacer.start_over()
    assert play(pacer, clock, [0.0]) == pytest.approx([DEFAULT_INTERVAL_S])


def test_broken_timestamps_neither_stop_nor_rush(clock: Clock) -> None:
    shown = play(Pacer(clock), clock, [0.0, 0.1, 5000.0, 5000.1, 2.0, 2.1])
    steps = [after - before for before, after in pairwise(shown)]
    assert steps == pytest.approx([0.1, MAX_GAP_S, 0.1, 0.1, 0.1])
