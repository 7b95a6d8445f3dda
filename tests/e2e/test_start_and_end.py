"""Pipelines of other parts than the default, each to its end, which leaves nothing."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.lossless_runs import frame_ids, rows_of
from tests.publisher.uploading import encoded, post_images
from tests.support import media
from tests.support.pipeline import PATIENCE_S, Pipeline
from tests.support.waiting import DEADLINE_S, eventually

pytestmark = pytest.mark.e2e

BUSY_MACHINE_MS = "60000"
"""So old a frame of a live recording may be: what is dropped for its age has tests elsewhere."""


def test_live_file_is_played_from_its_first_frame_and_ends_by_itself(
    second_of_video: Path, tmp_path: Path
) -> None:
    results = tmp_path / "talk.csv"
    with Pipeline(
        CAPTURE_SOURCE=second_of_video, PUBLISHER_RESULTS=results, MAX_FRAME_AGE_MS=BUSY_MACHINE_MS
    ) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    played = "camera talk: talk.avi, 640x480, 30 frames/s, live"
    assert played in pipeline.log
    assert "CAPTURE_MODE=lossless analyses every frame" in pipeline.log
    assert frame_ids(rows_of(results))[0] == 0


def test_live_folder_loses_no_photo(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(5)]
    folder, results = media.write_folder(tmp_path / "photos", names), tmp_path / "photos.csv"
    with Pipeline(
        CAPTURE_SOURCE=folder, PUBLISHER_RESULTS=results, MAX_FRAME_AGE_MS=BUSY_MACHINE_MS
    ) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    assert [row["source"] for row in rows_of(results)] == names


def test_extra_workers_of_honcho_are_all_used_and_nothing_is_left_after_ctrl_c() -> None:
    with Pipeline("-c", "classifier=3,detector=2") as pipeline:
        for role, count in (("classifier", 3), ("detector", 2)):
            eventually(
                lambda role=role, count=count: (  # type: ignore[misc]
                    sum(peer["done"] > 0 for peer in pipeline.peers(role)) == count
                ),
                f"{count} {role}s to have worked; log:\n{pipeline.log}",
            )
        pipeline.interrupt()
        pipeline.assert_nothing_left()
        assert "Traceback" not in pipeline.log


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_nothing_is_left_when_honcho_is_killed(number: signal.Signals) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("what runs under nohup ignores SIGHUP, and honcho with it")
    with Pipeline() as pipeline:
        pipeline.wait_published(5)
        os.kill(pipeline.process.pid, number)
        pipeline.process.wait(PATIENCE_S)
        pipeline.assert_nothing_left()


def test_recording_waits_for_a_classifier_and_says_so() -> None:
    with Pipeline("broker", "capture", "detector", "publisher") as pipeline:
        why = "waits for a classifier to join (python -m classifier)"
        eventually(lambda: pipeline.camera().get("reason") == why, lambda: pipeline.log)
        eventually(lambda: f"camera demo {why}" in pipeline.log, lambda: pipeline.log)
        with pipeline.worker("classifier"):
            pipeline.wait_published(20)


def test_without_a_classifier_the_video_goes_on_and_says_so() -> None:
    with Pipeline("broker", "capture", "detector", "publisher") as pipeline:
        with pipeline.worker("classifier"):
            pipeline.wait_published(5)
        eventually(lambda: not pipeline.peers("classifier"), "the classifier to be gone")
        pipeline.wait_published(pipeline.camera()["published"] + 20)
        code, body = pipeline.get("/readyz")
        assert code == 503
        assert b"python -m classifier" in body
        refused = post_images(pipeline.url, encoded(np.zeros((48, 48, 3), np.uint8)))
        assert refused.code == 503
        assert "python -m classifier" in json.loads(refused.body)["error"]
        with pipeline.worker("classifier"):
            eventually(lambda: pipeline.get("/readyz")[0] == 200, "the pipeline to be ready")
            eventually(
                lambda: any(peer["done"] for peer in pipeline.peers("classifier")),
                "the classifier to be used",
            )


def test_uploads_go_on_when_cameras_that_were_added_have_ended_or_been_stopped(
    second_of_video: Path,
) -> None:
    with Pipeline("broker", "detector", "classifier", "publisher") as pipeline:
        for mode in ("live", "lossless"):
            settings = {"CAPTURE_SOURCE": second_of_video, "CAPTURE_CAMERA": mode}
            with pipeline.worker("capture", **settings, CAPTURE_MODE=mode) as process:
                assert process.wait(DEADLINE_S) == 0
        with pipeline.worker("capture"):
            pipeline.wait_published(3)
        answer = post_images(pipeline.url, encoded(np.zeros((48, 48, 3), np.uint8)))
        assert answer.code == 200
        assert pipeline.process.poll() is None
        ended = pipeline.camera("lossless")
        assert (ended["ended"], ended["published"]) == (True, 30)
        pipeline.interrupt()
        pipeline.assert_nothing_left()


def test_frames_travel_inside_messages_where_asked() -> None:
    with Pipeline(FRAME_TRANSPORT="inline") as pipeline:
        pipeline.wait_published(10)
        eventually(
            lambda: (pipeline.camera().get("newest") or {}).get("faces"), "faces in the picture"
        )
        assert pipeline.get("/snapshot/demo.jpg")[0] == 200
