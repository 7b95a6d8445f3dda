"""Recording in a thread of its own: bounded, counted, and stopped by a full disk only once."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.contract import Mode
from publisher.output_files import RecordError
from publisher.recording.sink import KeptPicture, NotWrittenError
from publisher.recording.writer import QUEUED_PICTURES, PictureWriter
from tests.publisher.recording.films import kept
from tests.support.waiting import eventually

PATH = Path("out.mp4")


class SlowSink:
    """Writes a picture when the test lets it."""

    def __init__(self) -> None:
        self.allowed = threading.Semaphore(0)
        self.numbers: list[int] = []
        self.closed = False
        self.is_full = False

    def write_picture(self, picture: KeptPicture) -> None:
        self.allowed.acquire()
        if self.is_full:
            raise NotWrittenError("out.mp4 cannot be written: No space left on device")
        self.numbers.append(picture.frame.frame_id)

    def close(self) -> None:
        self.closed = True

    def allow(self, pictures: int) -> None:
        for _ in range(pictures):
            self.allowed.release()


@pytest.fixture
def sink() -> Iterator[SlowSink]:
    made = SlowSink()
    yield made
    made.allow(1000)


def test_no_thread_runs_as_long_as_nothing_is_recorded(sink: SlowSink) -> None:
    before = threading.active_count()
    writer = PictureWriter(PATH, lambda: sink)
    assert threading.active_count() == before
    writer.close()


def test_what_does_not_fit_is_left_out_and_counted(
    sink: SlowSink, caplog: pytest.LogCaptureFixture
) -> None:
    writer = PictureWriter(PATH, lambda: sink)
    for number in range(50):
        writer.put_picture(kept(number, number / 25))
    left_out = writer.state.left_out
    assert left_out in (50 - QUEUED_PICTURES, 50 - QUEUED_PICTURES - 1)  # one may be in hand
    sink.allow(50)
    writer.close()
    # The thread takes the first in hand at some moment, and makes room for one more then.
    assert sink.numbers[:QUEUED_PICTURES] == list(range(QUEUED_PICTURES))
    assert len(sink.numbers) == 50 - left_out
    assert writer.state.pictures == 50 - left_out
    assert caplog.text.count("faster than they can be written") == 1


def put_lossless(writer: PictureWriter) -> threading.Thread:
    """Put thirty pictures of a lossless run, as far as it gets."""

    def put_all() -> None:
        with contextlib.suppress(RecordError):
            for number in range(30):
                writer.put_picture(kept(number, number / 25, mode=Mode.LOSSLESS))

    putting = threading.Thread(target=put_all)
    putting.start()
    return putting


def test_in_a_lossless_run_nothing_is_left_out(sink: SlowSink) -> None:
    writer = PictureWriter(PATH, lambda: sink)
    putting = put_lossless(writer)
    for _ in range(30):
        sink.allow(1)
    putting.join(10)
    writer.close()
    assert sink.numbers == list(range(30))
    assert (writer.state.left_out, sink.closed) == (0, True)


def test_a_full_disk_stops_it_with_one_line_and_wakes_who_waits(
    sink: SlowSink, caplog: pytest.LogCaptureFixture
) -> None:
    writer = PictureWriter(PATH, lambda: sink)
    sink.is_full = True
    putting = put_lossless(writer)
    sink.allow(1)
    putting.join(10)
    assert not putting.is_alive()
    eventually(lambda: writer.state.trouble, "the trouble")
    writer.put_picture(kept(31, 2.0))
    with pytest.raises(RecordError, match="make room and run again"):
        writer.put_picture(kept(32, 2.0, mode=Mode.LOSSLESS))
    writer.close()
    assert "No space left" in str(writer.state.trouble)
    assert writer.state.left_out == 0
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
def test_the_thread_gives_way_to_the_live_view(sink: SlowSink) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    found: list[int] = []

    def opened() -> SlowSink:
        found.append(niceness())
        return sink

    before = niceness()
    writer = PictureWriter(PATH, opened)
    writer.put_picture(kept(0, 0.0))
    sink.allow(1)
    writer.close()
    assert (found, niceness()) == ([max(10, before)], before)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_in_the_thread_is_not_hidden() -> None:
    def defect() -> SlowSink:
        raise KeyError("a defect")

    writer = PictureWriter(PATH, defect)

    def put() -> bool:
        try:
            writer.put_picture(kept(0, 0.0))
        except RuntimeError:
            return True
        return False

    eventually(put, "an error")
    writer.close()
