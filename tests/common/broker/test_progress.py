from __future__ import annotations

import logging

import pytest
from msgspec.structs import replace

from common.broker import progress
from common.broker.progress import ProgressLog, progress_line
from common.contract import Cause, Mode
from common.messages import CameraStatus, PipelineStatus

HALF = CameraStatus("clip", Mode.LOSSLESS, True, "", False, 100, 60, 48, 1, 11, {Cause.TOO_OLD: 1})


def report(*cameras: CameraStatus) -> PipelineStatus:
    return PipelineStatus(1.0, 0, cameras, ())


def test_line_tells_done_total_failed_rate_and_time_left() -> None:
    line = progress_line(HALF, 50, elapsed_s=0.5)
    assert line == (
        "clip: [############............] 50 of 100 frames, 1 failed, 100 frames/s, 0:00 left"
    )
    assert progress_line(HALF, 50, elapsed_s=100.0).endswith("0 frames/s, 1:40 left")


@pytest.mark.parametrize("total", [0, 7, -1])
def test_total_that_is_unknown_or_wrong_is_not_shown(total: int) -> None:
    assert (
        progress_line(replace(HALF, total_frames=total), 50, 1.0) == "clip: 50 frames, 50 frames/s"
    )


def test_what_was_read_counts_once_the_source_has_ended() -> None:
    ended = replace(HALF, ended=True, captured=50, in_flight=0)
    assert progress_line(ended, 50, 1.0).endswith("50 of 50 frames, 1 failed, 50 frames/s, done")


def test_one_frame_is_no_plural() -> None:
    one = replace(HALF, ended=True, captured=1, published=1, failed=0, dropped={}, in_flight=0)
    assert progress_line(one, 1, 1.0).endswith("1 of 1 frame, 1 frames/s, done")
    assert "1 of 100 frames," in progress_line(replace(one, ended=False), 1, 1.0)


def test_no_time_has_passed_yet() -> None:
    assert progress_line(HALF, 50, 0.0).endswith("0 frames/s, 0:00 left")


def test_frames_that_could_not_be_read_are_failures() -> None:
    bad = replace(HALF, failed=1, dropped={Cause.UNREADABLE: 2})
    assert ", 3 failed," in progress_line(bad, 50, 1.0)


def test_only_lossless_cameras_are_logged_and_the_last_line_is_always(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shown = ProgressLog()
    finished = replace(HALF, ended=True, captured=50, in_flight=0)
    with caplog.at_level(logging.INFO):
        shown.show(report(HALF, replace(HALF, camera="live", mode=Mode.LIVE)))
        assert caplog.messages == []
        shown.show(report(finished))
        shown.show(report(finished))
    assert len(caplog.messages) == 1
    assert "done" in caplog.messages[0]


def test_line_comes_again_when_it_is_due_and_there_is_news(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)
    shown = ProgressLog()
    with caplog.at_level(logging.INFO):
        shown.show(report(HALF))
        shown.show(report(HALF))
        shown.show(report(replace(HALF, published=49)))
    assert len(caplog.messages) == 2
