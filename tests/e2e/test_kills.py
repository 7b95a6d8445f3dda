"""Lossless runs whose processes are killed or that are stopped: nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from common.stale_rings import remove_stale_rings
from tests.e2e.lossless_runs import (
    FRAMES,
    Reference,
    analyse,
    frame_ids,
    rows_of,
    wait_recorded,
)
from tests.publisher.recording.films import watch
from tests.support.media import DEMO_FPS
from tests.support.pipeline import Pipeline
from tests.support.rings import rings_of

pytestmark = pytest.mark.e2e

STAGES = ("capture", "detector", "classifier", "publisher", "common.broker")


def record(clip: Path, folder: Path, *arguments: str, **settings: str) -> Pipeline:
    """Analyse the clip into a table, and into videos with and without boxes."""
    videos = {
        "PUBLISHER_RECORD": folder / "talk.mp4",
        "PUBLISHER_RECORD_CLEAN": folder / "clean.mp4",
    }
    return analyse(clip, folder / "talk.parquet", *arguments, **settings, **videos)


def table(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path)


@pytest.fixture(scope="module")
def recording(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("recording")
    workers = ("-c", "classifier=2,detector=3")
    with record(clip, folder, *workers, CLASSIFIER_MAX_BATCH="7") as pipeline:
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log
    return folder


def test_every_frame_is_in_the_table_and_in_both_videos(
    recording: Path, reference: Reference
) -> None:
    names = sorted(path.name for path in recording.iterdir())
    assert names == ["clean.mp4", "talk.mp4", "talk.parquet"]
    rows = table(recording / "talk.parquet")
    in_csv = pl.read_csv(reference.path, schema_overrides=rows.schema)
    assert rows.equals(in_csv)
    frames = rows.unique("frame_id", maintain_order=True)
    assert frames["frame_id"].to_list() == [*range(FRAMES)]
    for video in ("talk.mp4", "clean.mp4"):
        times_s = watch(recording / video).times_s
        assert times_s == pytest.approx(frames["pts_s"].to_list(), abs=0.001)


def test_processes_killed_one_after_the_other_lose_and_double_nothing(
    clip: Path, tmp_path: Path, reference: Reference
) -> None:
    results = tmp_path / "talk.csv"
    with analyse(clip, results) as pipeline:
        for number, stage in enumerate(STAGES):
            wait_recorded(results, 5 + 15 * number)
            pipeline.kill(f"{stage}.stage")
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    for stage in STAGES:
        assert f"{stage}.stage was killed by SIGKILL; starting it again" in pipeline.log
    assert results.read_text() == reference.path.read_text()


def test_a_ring_that_is_deleted_while_detectors_die_loses_nothing(
    clip: Path, tmp_path: Path, reference: Reference
) -> None:
    results = tmp_path / "talk.csv"
    with analyse(clip, results) as pipeline:
        wait_recorded(results, 30)
        (capture,) = pipeline.processes("capture.stage")
        (lost,) = rings_of(capture)
        lost.unlink()
        pipeline.kill("detector.stage")
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert "its ring was deleted; starting anew" in pipeline.log
    assert results.read_text() == reference.path.read_text()


def test_publisher_killed_in_the_middle_loses_no_record_and_a_second_of_video_at_most(
    clip: Path, tmp_path: Path, recording: Path
) -> None:
    journal = tmp_path / "talk.parquet.journal.csv"
    with record(clip, tmp_path) as pipeline:
        wait_recorded(journal, 60)
        pipeline.kill("publisher.stage")
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert table(tmp_path / "talk.parquet").equals(table(recording / "talk.parquet"))
    assert not journal.exists()
    for name in ("talk", "clean"):
        before, after = (watch(tmp_path / f"{name}{part}.mp4") for part in ("", ".part2"))
        assert before.times_s[0] == pytest.approx(0, abs=0.001)
        assert after.times_s[-1] == pytest.approx((FRAMES - 1) / DEMO_FPS, abs=0.001)
        assert after.times_s[0] - before.times_s[-1] < 1.5


def test_a_whole_pipeline_that_was_killed_is_written_by_the_next(
    clip: Path, tmp_path: Path, recording: Path
) -> None:
    with record(clip, tmp_path) as pipeline:
        wait_recorded(tmp_path / "talk.parquet.journal.csv", 50)
        pipeline.kill()
        pipeline.wait()
    with record(clip, tmp_path) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    reference = table(recording / "talk.parquet")
    assert table(tmp_path / "talk.parquet").equals(reference)
    killed = table(tmp_path / "talk.1.parquet")
    assert killed.equals(reference.head(len(killed)))
    assert len(killed) >= 49


def test_kill_minus_nine_of_everything_keeps_what_was_recorded(clip: Path, tmp_path: Path) -> None:
    results = tmp_path / "talk.csv"
    with analyse(clip, results) as pipeline:
        wait_recorded(results, 5)
        pipeline.kill()
        pipeline.wait()
    remove_stale_rings()  # as the next pipeline does
    assert len(rows_of(results)) > 5


def test_ctrl_c_leaves_a_file_that_is_complete_up_to_there(
    clip: Path, tmp_path: Path, reference: Reference
) -> None:
    results = tmp_path / "talk.csv"
    with analyse(clip, results) as pipeline:
        wait_recorded(results, 5)
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    rows = rows_of(results)
    assert rows == reference.rows[: len(rows)]
    assert frame_ids(rows) == list(range(len(frame_ids(rows))))


def test_a_live_recording_goes_on_from_round_to_round(
    second_of_video: Path, tmp_path: Path
) -> None:
    path = tmp_path / "talk.mp4"
    with Pipeline(
        CAPTURE_SOURCE=second_of_video, CAPTURE_LOOP="1", PUBLISHER_RECORD=path
    ) as pipeline:
        pipeline.wait_published(75, "talk")
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    times_s = watch(path).times_s
    assert times_s[-1] > 1.5
    assert times_s == sorted(set(times_s))
