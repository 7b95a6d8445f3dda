import contextlib
import csv
import os
import signal
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from common.face_model import BUNDLED_MODEL_DIR, LABELS
from tests.support.pipeline import Pipeline, wait_for

pytestmark = pytest.mark.e2e

FRAMES = 305
Rows = list[dict[str, str]]


def analyse(clip: Path, results: Path, *arguments: str, **settings: str) -> Pipeline:
    return Pipeline(
        *arguments,
        CAPTURE_SOURCE=clip,
        CAPTURE_MODE="lossless",
        PUBLISHER_RESULTS=results,
        **settings,
    )


def rows_of(results: Path) -> Rows:
    with results.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        del row["captured_at"]
    return rows


def frame_ids(rows: Rows) -> list[int]:
    return list(dict.fromkeys(int(row["frame_id"]) for row in rows))


@pytest.fixture(scope="module")
def reference(short_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """Give the records of one run with one worker each."""
    results = tmp_path_factory.mktemp("reference") / "talk.csv"
    with analyse(short_clip, results) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log
    return rows_of(results)


def test_every_frame_has_its_record_in_order(reference: Rows) -> None:
    assert frame_ids(reference) == list(range(FRAMES))
    with_face = [row for row in reference if row["label"]]
    assert len(with_face) > FRAMES // 2
    for row in with_face:
        assert sum(float(row[label]) for label in LABELS) == pytest.approx(1, abs=1e-4)
        assert row["reused"] == "false"
    times = [float(row["pts_s"]) for row in reference]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("workers", "settings"),
    [
        ("classifier=3,detector=2", {}),
        ("classifier=1,detector=2", {"CLASSIFIER_MAX_BATCH": "1"}),
        ("classifier=2,detector=3", {"CLASSIFIER_MAX_BATCH": "7"}),
    ],
)
def test_records_do_not_depend_on_workers_or_batches(
    short_clip: Path,
    tmp_path: Path,
    reference: Rows,
    workers: str,
    settings: dict[str, str],
) -> None:
    results = tmp_path / "talk.csv"
    with analyse(short_clip, results, "-c", workers, **settings) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    assert rows_of(results) == reference


@pytest.mark.timeout(700)
def test_tensorflow_gives_the_same_records_to_a_ten_thousandth(
    short_clip: Path, tmp_path: Path
) -> None:
    runs: list[Rows] = []
    onnx = str(BUNDLED_MODEL_DIR / "expression.onnx")
    for setting in ({"CLASSIFIER_BACKEND": "tensorflow"}, {"CLASSIFIER_MODEL": onnx}):
        results = tmp_path / f"{len(runs)}.csv"
        with analyse(short_clip, results, **setting) as pipeline:
            assert pipeline.wait(300) == 0, pipeline.log
        runs.append(rows_of(results))
    boxes = [[(row["frame_id"], row["x"], row["y"]) for row in rows] for rows in runs]
    assert boxes[0] == boxes[1]
    for row, expected in zip(*runs, strict=True):
        if expected["label"]:
            ours = [float(row[label]) for label in LABELS]
            assert np.allclose(ours, [float(expected[label]) for label in LABELS], atol=1e-4)


@pytest.mark.parametrize(
    "module", ["detector.stage", "classifier.stage", "publisher.stage", "capture.stage"]
)
def test_stage_killed_in_the_middle_loses_and_doubles_nothing(
    short_clip: Path, tmp_path: Path, reference: Rows, module: str
) -> None:
    results = tmp_path / "talk.csv"
    with analyse(short_clip, results) as pipeline:
        wait_for(lambda: results.exists() and len(rows_of(results)) > 50, "some records")
        for process in pipeline.processes(module):
            process.kill()
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert "starting it again" in pipeline.log
    assert rows_of(results) == reference


def test_broker_killed_in_the_middle_loses_and_doubles_nothing(
    short_clip: Path, tmp_path: Path, reference: Rows
) -> None:
    results = tmp_path / "talk.csv"
    with analyse(short_clip, results) as pipeline:
        wait_for(lambda: results.exists() and len(rows_of(results)) > 50, "some records")
        (broker,) = pipeline.processes("common.broker.stage")
        broker.kill()
        assert pipeline.wait() == 0, pipeline.log
    assert rows_of(results) == reference


def test_progress_is_shown(short_clip: Path, tmp_path: Path) -> None:
    with analyse(short_clip, tmp_path / "talk.csv") as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    (last,) = [line for line in pipeline.lines if f"{FRAMES} of {FRAMES} frames" in line][-1:]
    assert "frames/s" in last
    assert "done" in last


def test_ctrl_c_leaves_a_file_that_is_complete_up_to_there(
    short_clip: Path, tmp_path: Path, reference: Rows
) -> None:
    results = tmp_path / "talk.csv"
    with analyse(short_clip, results) as pipeline:
        wait_for(lambda: results.exists() and len(rows_of(results)) > 5, "some records")
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    rows = rows_of(results)
    assert rows == reference[: len(rows)]
    assert frame_ids(rows) == list(range(len(frame_ids(rows))))


def test_records_of_an_earlier_run_are_kept(short_clip: Path, tmp_path: Path) -> None:
    results = tmp_path / "talk.csv"
    results.write_text("what was recorded before\n")
    with analyse(short_clip, results) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    assert (tmp_path / "talk.1.csv").read_text() == "what was recorded before\n"
    assert frame_ids(rows_of(results)) == list(range(FRAMES))


def test_jsonl_holds_the_same_records(short_clip: Path, tmp_path: Path, reference: Rows) -> None:
    results = tmp_path / "talk.jsonl"
    with analyse(short_clip, results) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    assert len(results.read_text().splitlines()) == len(reference)


def test_images_of_a_folder_are_each_searched_and_judged_by_themselves(
    short_clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "0.png"), np.full((480, 640, 3), 90, np.uint8))
    reader = cv2.VideoCapture(str(short_clip))
    for name in ("1.png", "2.png", "3.png"):
        read, bgr = reader.read()
        assert read
        cv2.imwrite(str(folder / name), bgr)
    reader.release()
    results = tmp_path / "photos.csv"
    with analyse(folder, results) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    rows = rows_of(results)
    assert frame_ids(rows) == [0, 1, 2, 3]
    tracks = [{row["track_id"] for row in rows if row["frame_id"] == str(at)} for at in (1, 2, 3)]
    assert all(tracks)
    assert "" not in set.union(*tracks)
    assert len(set.union(*tracks)) == sum(len(of_one) for of_one in tracks)


def test_live_file_ends_by_itself(short_clip: Path) -> None:
    with Pipeline(CAPTURE_SOURCE=short_clip) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()


def test_kill_minus_nine_of_everything_keeps_what_was_recorded(
    short_clip: Path, tmp_path: Path
) -> None:
    results = tmp_path / "talk.csv"
    with analyse(short_clip, results) as pipeline:
        wait_for(lambda: results.exists() and len(rows_of(results)) > 5, "some records")
        for process in pipeline.all_processes():
            with contextlib.suppress(psutil.NoSuchProcess):  # it noticed that others are gone
                process.kill()
        os.kill(pipeline.process.pid, signal.SIGKILL)
        pipeline.process.wait(10)
    assert len(rows_of(results)) > 5
