"""What is kept of the last minutes, and how much memory it takes."""

from __future__ import annotations

import tracemalloc

import pytest

from publisher.live.history import KEPT_FACES, KEPT_S, History, captured_s
from tests.publisher.faces_and_frames import AT_NS, published
from tests.support.clock import Clock

AT_S = AT_NS / 1e9


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_a_live_camera_gives_about_four_samples_a_second(fps: int) -> None:
    history = History()
    for number in range(10 * fps):
        history.add_frame(published(number, pts_s=number / fps, at_s=number / fps))
    assert 36 <= len(history.since(0, None)) <= 44


def test_a_recording_gives_the_same_samples_however_fast_it_is_worked_through() -> None:
    kept = []
    for speed in (5, 50):
        history = History()
        for number in range(300):
            history.add_frame(published(number, pts_s=number / 30, at_s=number / 30 / speed))
        kept.append([sample.frame.frame_id for sample in history.since(0, None)])
    assert kept[0] == kept[1]


def test_a_source_whose_timestamps_stand_still_is_thinned_by_the_clock() -> None:
    history = History()
    for number in range(100):
        history.add_frame(published(number, pts_s=0.0, at_s=number / 25))
    assert 14 <= len(history.since(0, None)) <= 17


def test_a_clip_that_begins_again_goes_on_being_kept() -> None:
    history = History()
    for number in range(500):
        history.add_frame(published(number, pts_s=number % 50 / 25))
    assert captured_s(history.since(0, None)[-1].frame) > AT_S + 19


def test_since_is_of_the_capture_and_excludes_its_own_moment() -> None:
    history = History()
    for number in range(10):
        history.add_frame(published(number, pts_s=number, at_s=number))
    found = history.since(AT_S + 6, None)
    assert [sample.frame.frame_id for sample in found] == [7, 8, 9]
    assert history.since(captured_s(found[-1].frame), None) == []


def test_cameras_are_thinned_and_asked_for_apart() -> None:
    history = History()
    for number in range(100):
        history.add_frame(published(number, "a"))
        history.add_frame(published(number, "b"))
    assert len(history.since(0, "a")) == len(history.since(0, "b")) > 10
    assert {sample.frame.camera for sample in history.since(0, "b")} == {"b"}
    assert len(history.since(0, None)) == 2 * len(history.since(0, "a"))


def test_what_is_older_than_ten_minutes_is_forgotten() -> None:
    clock = Clock()
    history = History(clock)
    history.add_frame(published(1, pts_s=1))
    clock.now_s += KEPT_S / 2
    history.add_frame(published(2, pts_s=2))
    clock.now_s += KEPT_S / 2 + 1
    assert [sample.frame.frame_id for sample in history.since(0, None)] == [2]


def test_a_crowd_is_kept_in_bounded_memory() -> None:
    history = History()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(3 * KEPT_FACES // 10):
            history.add_frame(published(number, pts_s=number, faces=9))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    kept = history.since(0, None)
    assert len(kept) == KEPT_FACES // 10
    assert kept[-1].frame.frame_id == 3 * KEPT_FACES // 10 - 1
    assert 10e6 < after - before < 20e6
