"""Workers that freeze and come back, and work that no worker survives."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.lossless_runs import FRAMES, Reference, analyse, frame_ids, rows_of, wait_recorded
from tests.support.patched import patched_path
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

POISON = 47
KILLED_BY_A_FRAME = f"""
import os, signal, sys, time

if "detector.stage" in sys.orig_argv:
    from common import frames

    read = frames.frame_gray

    def frame_gray(frame, rings):
        if frame.frame_id == {POISON}:
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGKILL)
        return read(frame, rings)

    frames.frame_gray = frame_gray
"""
"""A frame that kills every detector it is given to, a moment later, as one would that a decoder
cannot stand."""


def test_a_worker_that_was_frozen_is_given_up_and_what_it_says_later_changes_nothing(
    clip: Path, tmp_path: Path, reference: Reference
) -> None:
    results = tmp_path / "talk.csv"
    others = ("broker", "capture", "classifier", "publisher")
    with (
        analyse(clip, results, *others) as pipeline,
        pipeline.worker("detector") as worker,
    ):
        wait_recorded(results, 5)
        (stage,) = pipeline.processes("detector.stage")
        for process in (worker, stage):
            process.send_signal(signal.SIGSTOP)
        eventually(lambda: "is silent; giving it up" in pipeline.log, "it to be given up")
        for process in (stage, worker):  # it answers what it had in hand, and joins again
            process.send_signal(signal.SIGCONT)
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert results.read_text() == reference.path.read_text()


def test_a_frame_that_kills_every_detector_fails_at_the_third_and_the_run_goes_on(
    clip: Path, tmp_path: Path, reference: Reference
) -> None:
    results = tmp_path / "talk.csv"
    path = patched_path(tmp_path, KILLED_BY_A_FRAME)
    with analyse(clip, results, PYTHONPATH=path) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    rows = rows_of(results)
    assert frame_ids(rows) == list(range(FRAMES))
    assert pipeline.log.count("detector.stage was killed by SIGKILL") == 3
    (failed,) = [row for row in rows if int(row["frame_id"]) == POISON]
    assert (failed["x"], failed["label"]) == ("", "failed")
    others = [row for row in rows if int(row["frame_id"]) < POISON]
    assert others == [row for row in reference.rows if int(row["frame_id"]) < POISON]
