"""What answers hold until they are taken."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest

from publisher.web import data
from publisher.web.untaken import Untaken
from tests.publisher.asking import ask_for_head, get
from tests.publisher.faces_and_frames import published
from tests.publisher.material import rig


def test_an_answer_has_room_when_another_has_been_taken() -> None:
    untaken = Untaken(10)
    first = untaken.as_file(b"12345678", 0)
    assert first
    assert untaken.as_file(b"123", 0) is None
    small = untaken.as_file(b"12", 0)
    assert small
    threading.Timer(0.05, first.close).start()
    assert untaken.as_file(b"123", 10)


def test_an_answer_that_is_closed_twice_or_forgotten_counts_once() -> None:
    untaken = Untaken(10)
    closed = untaken.as_file(b"1234567890", 0)
    assert closed
    closed.close()
    closed.close()
    assert untaken.as_file(b"1234567890", 0), "room for one"
    gc.collect()
    again = untaken.as_file(b"1234567890", 0)
    assert again
    assert untaken.as_file(b"1", 0) is None


def test_answers_of_the_history_leave_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "HISTORY_BYTES", 50_000)
    with rig(folder) as running:
        for number in range(20):
            running.stage.live.history.add_frame(published(number, pts_s=number, faces=9))
        assert 25_000 < len(get(running, "/api/history").body) < 50_000
        for _ in range(3):
            assert ask_for_head(running, "/api/history") == 200
            assert get(running, "/api/history").code == 200
