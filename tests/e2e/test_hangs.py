"""Stages that live and do not do what they should: found out, replaced, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.lossless_runs import Reference, analyse
from tests.support.patched import patched_path
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]  # waits for limits of seconds

HANG_ONCE = """
import importlib, os, sys, threading
from pathlib import Path

results, folder = Path(os.environ["PUBLISHER_RESULTS"]), Path(__file__).parent
later = (folder / "publisher.stage.hung").exists

def recorded(size):
    return lambda: results.exists() and results.stat().st_size > size

HANGS = {  # what never comes back, and from when on: first these four, and the broker later
    "capture.stage": ("capture.sources.video_file", "VideoFile", "read", recorded(0)),
    "publisher.stage": ("publisher.results.writer", "ResultsWriter", "write_frame", recorded(5000)),
    "detector.stage": ("detector.search", "FaceSearch", "search", later),
    "classifier.stage": ("classifier.onnx_backend", "OnnxBackend", "classify", later),
    "common.broker.stage": ("common.broker.scheduler", "Scheduler", "tick", recorded(15_000)),
}

def hang_once(stage, module, of, name, begins):
    its = getattr(importlib.import_module(module), of)
    method, flag = getattr(its, name), folder / f"{stage}.hung"
    def hanging(*arguments, **named):
        if not flag.exists() and begins():
            flag.touch()
            threading.Event().wait()
        return method(*arguments, **named)
    setattr(its, name, hanging)

stage = next((word for word in sys.orig_argv if word.endswith(".stage")), "")
if stage in HANGS:
    hang_once(stage, *HANGS[stage])
"""
STAGES = ("capture", "detector", "classifier", "publisher", "common.broker")
REASON = "was stuck in one step for 10 s"


def test_each_stage_that_hangs_is_replaced_and_says_why_and_nothing_is_lost(
    clip: Path, tmp_path: Path, reference: Reference
) -> None:
    results = tmp_path / "talk.csv"
    path = patched_path(tmp_path, HANG_ONCE)
    told: dict[str, str] = {}
    with analyse(
        clip, results, PYTHONPATH=path, DETECTOR_WORKERS="1", CLASSIFIER_WORKERS="1"
    ) as pipeline:

        def ended() -> bool:
            status = pipeline.status()
            broker = status.get("broker", {})
            workers = status.get("workers", {})
            peers = {role: peer for role, of_role in workers.items() for peer in of_role}
            for stage, known in {"common.broker": broker, **peers}.items():
                if known.get("restart_reason"):
                    told[stage] = known["restart_reason"]
            return pipeline.process.poll() is not None

        eventually(ended, lambda: f"the end; log:\n{pipeline.log}", deadline_s=300.0)
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    for stage in STAGES:
        assert f"{stage}.stage {REASON}; starting it again" in pipeline.log
    assert "in hanging" in pipeline.log, "where it was stuck"
    assert told == dict.fromkeys(STAGES, REASON)
    assert results.read_text() == reference.path.read_text()


STUCK_CAMERA = """
import sys, threading, time
from pathlib import Path

if "capture.stage" in sys.orig_argv:
    import numpy as np
    import capture.camera_feed, capture.sources.stream

    capture.camera_feed.STUCK_S = 2.0

    class Stream:
        def __init__(self, url):
            self._left = None if Path(__file__).with_name("hung").exists() else 30
        def read(self):
            if self._left is not None:
                self._left -= 1
                if self._left == 0:
                    Path(__file__).with_name("hung").touch()
                    threading.Event().wait()
            time.sleep(0.03)
            return np.zeros((48, 64, 3), np.uint8)
        def close(self):
            pass

    capture.sources.stream.NetworkStream = Stream
"""


def test_camera_whose_read_never_returns_is_opened_by_a_new_process_that_says_why(
    tmp_path: Path,
) -> None:
    settings = {"CAPTURE_SOURCE": "rtsp://door:8554/", "CAPTURE_CAMERA": "door"}
    with Pipeline(PYTHONPATH=patched_path(tmp_path, STUCK_CAMERA), **settings) as pipeline:
        capture = eventually(
            lambda: [peer for peer in pipeline.peers("capture") if peer["restarts"]],
            lambda: f"the next capture; log:\n{pipeline.log}",
        )
        pipeline.wait_published(60, "door")
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    why = "ended with 1 (CameraStuckError: camera door: no answer for 2 s)"
    assert [peer["restart_reason"] for peer in capture] == [why]
    assert f"capture.stage {why}; starting it again" in pipeline.log
