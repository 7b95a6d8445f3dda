"""What bad input gets: one line that names the variable, exit code 2, nothing left behind."""

import socket
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.pipeline import ROOT, Pipeline
from tests.support.stage_process import run_stage

pytestmark = pytest.mark.e2e


def make_bad_files(folder: Path) -> None:
    (folder / "text.onnx").write_text("this is no model")
    model = (ROOT / "classifier" / "models" / "expression.onnx").read_bytes()
    (folder / "cut.onnx").write_bytes(model[: len(model) // 2])
    keras = (ROOT / "classifier" / "models" / "expression.keras").read_bytes()
    (folder / "weak.tokens").write_text("viewer 1234")
    (folder / "weak.tokens").chmod(0o600)
    (folder / "cut.keras").write_bytes(keras[: len(keras) // 2])
    cv2.imwrite(str(folder / "picture.png"), np.zeros((48, 48, 3), np.uint8))


CASES = [
    ("capture", "CAPTURE_SOURCE", "missing.mp4"),
    ("capture", "CAPTURE_SOURCE", "97"),
    ("capture", "CAPTURE_SOURCE", "/dev/video97"),
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
    ("publisher", "PUBLISHER_TOKEN_FILE", "missing.tokens"),
    ("publisher", "PUBLISHER_TOKEN_FILE", "weak.tokens"),
    ("publisher", "PUBLISHER_HOSTS", "cam:http"),
    ("publisher", "PUBLISHER_COLOUR", "blue"),
    ("common.broker", "BROKER_ENDPOINT", "carrier:pigeon"),
    ("common.broker", "BROKER_ENDPOINT", "tcp://*:7391"),
    ("classifier", "BROKER_ENDPOINT", "tcp://192.0.2.77:7391"),
    ("classifier", "BROKER_KEYS", "/nowhere/gpu-box.key"),
    ("common.broker", "MAX_FRAME_AGE_MS", "soon"),
    ("common.broker", "BROKER_PORT", "5555"),
]


@pytest.mark.parametrize(("stage", "variable", "value"), CASES)
def test_wrong_setting_is_one_line_and_exit_code_2(
    tmp_path: Path, stage: str, variable: str, value: str
) -> None:
    make_bad_files(tmp_path)
    if ("." in value and "/" not in value) or value == "nowhere/talk.csv":
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
        ("DETECTOR", "eyes"),
        ("CLASSIFIER_MODEL", "/nowhere/model.onnx"),
        ("PUBLISHER_PORT", "http"),
        ("BROKER_ENDPOINT", "tcp://*:7391"),
    ],
)
def test_wrong_setting_stops_the_whole_pipeline_and_leaves_nothing(
    tmp_path: Path, variable: str, value: str
) -> None:
    results = tmp_path / "talk.csv"
    results.write_text("recorded before\n")
    settings = {"PUBLISHER_RESULTS": str(results), variable: value}
    with Pipeline(**settings) as pipeline:
        assert pipeline.wait(60) == 2, pipeline.log
        pipeline.assert_nothing_left()
    assert results.read_text() == "recorded before\n"
    assert len([line for line in pipeline.lines if f"{variable}={value}" in line]) == 1
    assert "Traceback" not in pipeline.log
