"""Who gets which events, and what is said of those that are missing."""

from __future__ import annotations

import queue
import threading
import time
import tracemalloc

import pytest

from publisher.live.event_log import KEPT_FACES, NEAR_FRAMES, EventLog, Events
from publisher.live.hub import TooManyViewersError
from tests.publisher.faces_and_frames import published

MOST = KEPT_FACES // 2
"""Frames with one face that the log holds."""


def fill(log: EventLog, count: int, camera: str = "cam", first: int = 1) -> None:
    for number in range(first, first + count):
        log.add_frame(published(number, camera))


def ids(batch: Events) -> list[int]:
    return [event.frame.frame_id for event in batch.events]


def test_a_new_reader_gets_what_comes_from_then_on() -> None:
    log = EventLog(1)
    fill(log, 5)
    reader = log.admit(None)
    assert reader.next_batch(0) == Events(None, ())
    fill(log, 3, first=6)
    batch = reader.next_batch(0)
    assert (ids(batch), batch.missed_after) == ([6, 7, 8], None)
    assert reader.next_batch(0).events == ()


def test_a_reader_of_one_camera_gets_nothing_of_others_and_misses_nothing() -> None:
    log = EventLog(1)
    reader = log.admit("b")
    fill(log, 4, "a")
    assert reader.next_batch(0) == Events(None, ())
    fill(log, 2, "b", first=9)
    batch = reader.next_batch(0)
    assert (ids(batch), batch.missed_after) == ([9, 10], None)


def test_a_reader_who_falls_behind_is_taken_to_the_newest_and_told_so() -> None:
    log = EventLog(1)
    reader = log.admit(None)
    fill(log, 1)
    assert ids(reader.next_batch(0)) == [1]
    fill(log, 100, first=2)
    batch = reader.next_batch(0)
    assert ids(batch) == list(range(102 - NEAR_FRAMES, 102))
    assert batch.missed_after == log.id_of(1)
    fill(log, 1, first=102)
    assert reader.next_batch(0).missed_after is None


def test_a_reader_who_comes_back_goes_on_where_it_was() -> None:
    log = EventLog(1)
    fill(log, 200)
    batch = log.admit(None, log.id_of(50)).next_batch(0)
    assert (ids(batch), batch.missed_after) == (list(range(51, 201)), None)


def test_a_reader_who_comes_back_too_late_is_told_what_is_gone() -> None:
    log = EventLog(1)
    fill(log, MOST + 100)
    batch = log.admit(None, log.id_of(50)).next_batch(0)
    assert (ids(batch)[0], len(batch.events)) == (101, MOST)
    assert batch.missed_after == log.id_of(50)


def test_what_is_gone_is_said_when_the_next_event_of_the_camera_comes() -> None:
    log = EventLog(1)
    fill(log, MOST + 100, "a")
    reader = log.admit("b", log.id_of(50))
    assert reader.next_batch(0) == Events(None, ())
    fill(log, 1, "b")
    assert reader.next_batch(0).missed_after == log.id_of(50)


@pytest.mark.parametrize(
    "strange", ["7", "other-7", "{run}-", "{run}-x", "{run}-99", "{run}--1", "x" * 500]
)
def test_after_an_id_of_another_run_it_begins_with_the_newest_and_says_so(strange: str) -> None:
    log = EventLog(1)
    fill(log, 5)
    last_event_id = strange.format(run=log.id_of(0).partition("-")[0])
    reader = log.admit(None, last_event_id)
    assert reader.next_batch(0).events == ()
    fill(log, 1, first=6)
    batch = reader.next_batch(0)
    assert ids(batch) == [6]
    assert batch.missed_after == last_event_id[:64]


def test_readers_beyond_the_cap_are_not_let_in() -> None:
    log = EventLog(2)
    first, _ = log.admit(None), log.admit("cam")
    with pytest.raises(TooManyViewersError):
        log.admit(None)
    first.leave()
    first.leave()
    assert log.readers == 1
    log.admit(None)


def test_a_reader_who_waits_is_woken_by_an_event_and_by_the_end() -> None:
    log = EventLog(1)
    reader = log.admit(None)
    batches: queue.SimpleQueue[Events] = queue.SimpleQueue()

    def read() -> None:
        for _ in range(2):
            batches.put(reader.next_batch(10))
        reader.leave()

    thread = threading.Thread(target=read)
    started_s = time.monotonic()
    thread.start()
    fill(log, 1)
    assert ids(batches.get(timeout=5)) == [1]
    log.close()
    assert batches.get(timeout=5).events == ()
    assert log.wait_until_empty(5)
    thread.join()
    assert time.monotonic() - started_s < 5
    with pytest.raises(TooManyViewersError):
        log.admit(None)


def test_the_last_events_can_still_be_had_when_the_log_is_closed() -> None:
    log = EventLog(1)
    reader = log.admit(None)
    fill(log, 3)
    log.close()
    assert ids(reader.next_batch(10)) == [1, 2, 3]
    assert reader.next_batch(10).events == ()


def test_memory_is_bounded_with_a_crowd_in_every_frame() -> None:
    log = EventLog(1)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(3 * KEPT_FACES // 10):
            log.add_frame(published(number, faces=9))
            (event,) = log.wait_newer(number, 0)
            assert event.data
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(log.wait_newer(0, 0)) == KEPT_FACES // 10
    assert after - before < 5e6
