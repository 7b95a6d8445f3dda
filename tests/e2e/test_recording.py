"""Recorded pictures and Parquet of whole pipelines, killed and not."""

from __future__ import annotations

import contextlib
from pathlib import Path

import polars as pl
import psutil
import pytest

from tests.publisher.recording.films import watch
from tests.support.pipeline import Pipeline, wait_for

pytestmark = pytest.mark.e2e

FRAMES = 305
FPS = 30


def analyse(clip: Path, folder: Path) -> Pipeline:
    return Pipeline(
        CAPTURE_SOURCE=clip,
        CAPTURE_MODE="lossless",
        PUBLISHER_RESULTS=folder / "talk.parquet",
        PUBLISHER_RECORD=folder / "talk.mp4",
        PUBLISHER_RECORD_CLEAN=folder / "clean.mp4",
    )


@pytest.fixture(scope="module")
def reference(
    short_clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, pl.DataFrame]:
    """Give the folder and the records of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("reference")
    with analyse(short_clip, folder) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log
    return folder, pl.read_parquet(folder / "talk.parquet").drop("captured_at")


def test_every_frame_is_in_the_table_and_in_both_videos(
    reference: tuple[Path, pl.DataFrame],
) -> None:
    folder, table = reference
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["clean.mp4", "talk.mp4", "talk.parquet"]
    frames = table.unique("frame_id", maintain_order=True)
    assert frames["frame_id"].to_list() == [*range(FRAMES)]
    for video in ("talk.mp4", "clean.mp4"):
        times_s = watch(folder / video).times_s
        assert times_s == pytest.approx(frames["pts_s"].to_list(), abs=0.001)


def test_publisher_killed_in_the_middle_loses_no_record_and_a_second_of_video_at_most(
    short_clip: Path, tmp_path: Path, reference: tuple[Path, pl.DataFrame]
) -> None:
    journal = tmp_path / "talk.parquet.journal.csv"
    with analyse(short_clip, tmp_path) as pipeline:
        wait_for(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 200, "records")
        for process in pipeline.processes("publisher.stage"):
            process.kill()
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert pl.read_parquet(tmp_path / "talk.parquet").drop("captured_at").equals(reference[1])
    assert not journal.exists()
    for name in ("talk", "clean"):
        before, after = (watch(tmp_path / f"{name}{part}.mp4") for part in ("", ".part2"))
        assert before.times_s[0] == pytest.approx(0, abs=0.001)
        assert after.times_s[-1] == pytest.approx((FRAMES - 1) / FPS, abs=0.001)
        assert after.times_s[0] - before.times_s[-1] < 1.5


@pytest.mark.timeout(300)
def test_a_whole_pipeline_that_was_killed_is_written_by_the_next(
    short_clip: Path, tmp_path: Path, reference: tuple[Path, pl.DataFrame]
) -> None:
    journal = tmp_path / "talk.parquet.journal.csv"
    with analyse(short_clip, tmp_path) as pipeline:
        wait_for(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 50, "records")
        for process in pipeline.all_processes():
            with contextlib.suppress(psutil.NoSuchProcess):  # it noticed that others are gone
                process.kill()
        pipeline.process.kill()
        pipeline.process.wait(10)
    with analyse(short_clip, tmp_path) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    assert pl.read_parquet(tmp_path / "talk.parquet").drop("captured_at").equals(reference[1])
    killed = pl.read_parquet(tmp_path / "talk.1.parquet").drop("captured_at")
    assert killed.equals(reference[1].head(len(killed)))
    assert len(killed) >= 49


def test_a_live_recording_goes_on_from_round_to_round(short_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    with Pipeline(CAPTURE_SOURCE=short_clip, CAPTURE_LOOP="1", PUBLISHER_RECORD=path) as pipeline:
        pipeline.wait_published(FRAMES + 60, "talk")
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    times_s = watch(path).times_s
    assert times_s[-1] > FRAMES / FPS + 0.5
    assert times_s == sorted(set(times_s))
