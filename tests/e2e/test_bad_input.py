"""What bad input gets: one line that names the variable, exit code 2, nothing left behind."""

import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.pipeline import ROOT, Pipeline, clean_environ

pytestmark = pytest.mark.e2e


def run_stage(stage: str, tmp_path: Path, **settings: str) -> tuple[int, list[str]]:
    """Run one stage as honcho does; give its exit code and the lines on stderr."""
    environ = clean_environ() | {"BROKER_ENDPOINT": f"ipc://{tmp_path}/b.ipc"} | settings
    done = subprocess.run(
        [sys.executable, "-m", stage],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if " INFO " not in f" {line} "]
    return done.returncode, lines


def make_bad_files(folder: Path) -> None:
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("this is no video")
    (folder / "folder").mkdir()
    (folder / "text.onnx").write_text("this is no model")
    model = (ROOT / "classifier" / "models" / "expression.onnx").read_bytes()
    (folder / "cut.onnx").write_bytes(model[: len(model) // 2])
    keras = (ROOT / "classifier" / "models" / "expression.keras").read_bytes()
    (folder / "cut.keras").write_bytes(keras[: len(keras) // 2])
    cv2.imwrite(str(folder / "picture.png"), np.zeros((48, 48, 3), np.uint8))


CASES = [
    ("capture", "CAPTURE_SOURCE", "missing.mp4"),
    ("capture", "CAPTURE_SOURCE", "empty.mp4"),
    ("capture", "CAPTURE_SOURCE", "text.mp4"),
    ("capture", "CAPTURE_SOURCE", "folder"),
    ("capture", "CAPTURE_SOURCE", "97"),
    ("capture", "CAPTURE_SOURCE", "/dev/video97"),
    ("capture", "CAPTURE_SOURCE", "gopher://example"),
    ("capture", "CAPTURE_SOURCE", "http://127.0.0.1:9/video_feed"),
    ("capture", "CAPTURE_MODE", "sometimes"),
    ("capture", "CAPTURE_SORCE", "demo"),
    ("capture", "FRAME_TRANSPORT", "pigeon"),
    ("detector", "DETECTOR", "eyes"),
    ("detector", "DETECTOR_INTERVAL", "often"),
    ("detector", "DETECTOR_MIN_FACE", "2"),
    ("detector", "DETECTOR_WORKERS", "0"),
    ("classifier", "CLASSIFIER_BACKEND", "crystal-ball"),
    ("classifier", "CLASSIFIER_MODEL", "missing.onnx"),
    ("classifier", "CLASSIFIER_MODEL", "text.onnx"),
    ("classifier", "CLASSIFIER_MODEL", "cut.onnx"),
    ("classifier", "CLASSIFIER_MODEL", "cut.keras"),
    ("classifier", "CLASSIFIER_MODEL", "picture.png"),
    ("classifier", "CLASSIFIER_MAX_BATCH", "-1"),
    ("publisher", "PUBLISHER_PORT", "http"),
    ("publisher", "PUBLISHER_PORT", "99999"),
    ("publisher", "PUBLISHER_RESULTS", "talk.xlsx"),
    ("publisher", "PUBLISHER_RESULTS", "nowhere/talk.csv"),
    ("publisher", "PUBLISHER_COLOUR", "blue"),
    ("common.broker", "BROKER_ENDPOINT", "carrier:pigeon"),
    ("common.broker", "MAX_FRAME_AGE_MS", "soon"),
    ("common.broker", "BROKER_PORT", "5555"),
]


@pytest.mark.parametrize(("stage", "variable", "value"), CASES)
def test_wrong_setting_is_one_line_and_exit_code_2(
    tmp_path: Path, stage: str, variable: str, value: str
) -> None:
    make_bad_files(tmp_path)
    if ("." in value and "/" not in value) or value in ("folder", "nowhere/talk.csv"):
        value = str(tmp_path / value)
    code, lines = run_stage(stage, tmp_path, **{variable: value})
    assert code == 2, lines
    assert len(lines) == 1, lines
    assert variable in lines[0]
    assert value in lines[0]
    assert "Traceback" not in lines[0]


def test_port_in_use_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, lines = run_stage("publisher", tmp_path, PUBLISHER_PORT=port)
    assert code == 2
    assert len(lines) == 1, lines
    assert f"PUBLISHER_PORT={port}" in lines[0]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAPTURE_SOURCE", "/nowhere/talk.mp4"),
        ("CAPTURE_MODE", "sometimes"),
        ("DETECTOR", "eyes"),
        ("CLASSIFIER_MODEL", "/nowhere/model.onnx"),
        ("PUBLISHER_PORT", "http"),
        ("CAPTURE_SORCE", "demo"),
    ],
)
def test_wrong_setting_stops_the_whole_pipeline_and_leaves_nothing(
    tmp_path: Path, variable: str, value: str
) -> None:
    settings = {variable: value}
    with Pipeline(**settings) as pipeline:
        assert pipeline.wait(60) == 2, pipeline.log
        pipeline.assert_nothing_left()
    assert len([line for line in pipeline.lines if f"{variable}={value}" in line]) == 1
    assert "Traceback" not in pipeline.log


def test_second_pipeline_on_the_same_address_is_refused_and_the_first_goes_on() -> None:
    with Pipeline() as first:
        first.wait_published(5)
        with Pipeline(BROKER_ENDPOINT=first.environ["BROKER_ENDPOINT"]) as second:
            assert second.wait(60) == 2, second.log
        (line,) = [line for line in second.lines if "BROKER_ENDPOINT" in line]
        assert "the pipeline of process" in line
        before = first.camera()["published"]
        first.wait_published(before + 20)


def test_what_was_recorded_before_survives_a_run_with_wrong_settings(tmp_path: Path) -> None:
    results = tmp_path / "talk.csv"
    results.write_text("precious\n")
    with Pipeline(CAPTURE_SOURCE="/nowhere.mp4", PUBLISHER_RESULTS=results) as pipeline:
        assert pipeline.wait(60) == 2
    assert results.read_text() == "precious\n"
