"""Every frame of a recording has its record, whoever works on it and however often."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

import ferstream
from common.contract import Mode
from common.cores import usable_cores
from common.face_model import BUNDLED_MODEL_DIR, LABELS
from detector.config import WORKERS as DETECTORS
from tests.e2e.lossless_runs import FRAMES, Reference, Rows, analyse, frame_ids, rows_of
from tests.support.media import DEMO

pytestmark = pytest.mark.e2e


def test_every_frame_has_its_record_in_order(reference: Reference) -> None:
    assert frame_ids(reference.rows) == list(range(FRAMES))
    with_face = [row for row in reference.rows if row["label"]]
    assert len(with_face) > FRAMES // 2
    for row in with_face:
        assert sum(float(row[label]) for label in LABELS) == pytest.approx(1, abs=1e-4)
        assert row["reused"] == "false"
    times = [float(row["pts_s"]) for row in reference.rows]
    assert times == sorted(times)


def test_progress_is_shown(reference: Reference) -> None:
    (last,) = [line for line in reference.log if f"{FRAMES} of {FRAMES} frames" in line][-1:]
    assert "frames/s" in last
    assert "done" in last


def test_records_of_an_earlier_run_are_kept(reference: Reference) -> None:
    assert reference.path.with_name("talk.1.csv").read_text() == "what was recorded before\n"


@pytest.mark.parametrize(
    ("workers", "settings"),
    [("classifier=3,detector=2", {}), ("classifier=1,detector=2", {"CLASSIFIER_MAX_BATCH": "1"})],
)
def test_records_do_not_depend_on_workers_or_batches(
    clip: Path, tmp_path: Path, reference: Reference, workers: str, settings: dict[str, str]
) -> None:
    results = tmp_path / "talk.csv"
    with analyse(clip, results, "-c", workers, **settings) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    assert results.read_text() == reference.path.read_text()


def test_records_by_yunet_do_not_depend_on_workers_either(clip: Path, tmp_path: Path) -> None:
    texts = []
    for workers in ("all=1", "classifier=2,detector=3"):
        results = tmp_path / f"{workers}.csv"
        with analyse(clip, results, "-c", workers, DETECTOR="yunet") as pipeline:
            assert pipeline.wait() == 0, pipeline.log
        texts.append(results.read_text())
    assert texts[0].count("\n") > FRAMES
    assert texts[0] == texts[1]


def test_jsonl_of_as_many_workers_as_suit_the_machine_holds_the_same_records(
    clip: Path, tmp_path: Path, reference: Reference
) -> None:
    results = tmp_path / "talk.jsonl"
    with analyse(clip, results) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    detectors = DETECTORS.workers(Mode.LOSSLESS, usable_cores())
    assert f"starting {detectors} detector: lossless" in pipeline.log
    assert len(re.findall(r"detector detector\.1@\S+ joined", pipeline.log)) == detectors
    records = [json.loads(line) for line in results.read_text().splitlines()]
    for record, row in zip(records, reference.rows, strict=True):
        assert (str(record["frame_id"]), record["label"] or "") == (row["frame_id"], row["label"])


def test_tensorflow_gives_the_same_records_to_a_ten_thousandth(
    second_of_video: Path, tmp_path: Path
) -> None:
    runs: list[Rows] = []
    onnx = str(BUNDLED_MODEL_DIR / "expression.onnx")
    for setting in ({"CLASSIFIER_BACKEND": "tensorflow"}, {"CLASSIFIER_MODEL": onnx}):
        results = tmp_path / f"{len(runs)}.csv"
        with analyse(second_of_video, results, **setting) as pipeline:
            assert pipeline.wait() == 0, pipeline.log
        runs.append(rows_of(results))
    boxes = [[(row["frame_id"], row["x"], row["y"]) for row in rows] for rows in runs]
    assert boxes[0] == boxes[1]
    judged = [(ours, theirs) for ours, theirs in zip(*runs, strict=True) if theirs["label"]]
    assert judged
    for row, expected in judged:
        ours = [float(row[label]) for label in LABELS]
        assert np.allclose(ours, [float(expected[label]) for label in LABELS], atol=1e-4)


def test_images_of_a_folder_are_each_searched_and_judged_by_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "0.png"), np.full((480, 640, 3), 90, np.uint8))
    reader = cv2.VideoCapture(str(DEMO))
    for name in ("1.png", "2.png", "3.png"):
        read, bgr = reader.read()
        assert read
        cv2.imwrite(str(folder / name), bgr)
    reader.release()
    (folder / "4.jpg").write_bytes(cv2.imencode(".jpg", bgr)[1].tobytes()[:9000])
    results = tmp_path / "photos.csv"
    with analyse(folder, results) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    rows = rows_of(results)
    assert frame_ids(rows) == [0, 1, 2, 3, 4]
    assert rows[-1]["source"] == "4.jpg"
    assert rows[-1]["label"] == "failed"
    assert "4.jpg has failed: it is cut short" in pipeline.log
    assert "5 of 5 frames, 1 failed" in pipeline.log
    analyzed = ferstream.analyze_video(folder, progress=False)
    assert ferstream.read(results).equals(analyzed)
    tracks = [{row["track_id"] for row in rows if row["frame_id"] == str(at)} for at in (1, 2, 3)]
    assert all(tracks)
    assert "" not in set.union(*tracks)
    assert len(set.union(*tracks)) == sum(len(of_one) for of_one in tracks)
