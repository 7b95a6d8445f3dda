from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from common.face_model import LABELS
from common.files import file_sha256
from tests.training.measure.plots.drawn_figures import PNG_START
from tests.training.pixel_model import faces_predicted_as, write_pixel_model
from tests.training.synthetic_faces import with_ballots, write_folder, write_votes, write_zip
from training.evaluate import main
from training.metrics import wilson_interval

# Two angry, one found; two happy, both found; one neutral, taken for happy.
FACES = faces_predicted_as([0, 0, 3, 3, 6], [0, 3, 3, 3, 3])
SURE = math.exp(2) / (math.exp(2) + 6)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_pixel_model(tmp_path / "pixels.onnx")
    return tmp_path / "pixels.onnx"


def run(model: Path, data: Path, split: str, *more: str) -> tuple[int, Path]:
    out = data / "report" / "out.json"
    words = ["--model", str(model), "--data", str(data), "--split", split, "--json", str(out)]
    return main([*words, *more]), out


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_the_report_has_the_numbers_of_a_pencil(tmp_path: Path, model: Path, write: object) -> None:
    assert callable(write)
    write(tmp_path, "mine", FACES)
    code, out = run(model, tmp_path, "mine", "--plots", str(tmp_path / "plots"))
    report = json.loads(out.read_text())
    assert code == 0
    assert report["images"] == 5
    assert report["accuracy"] == 0.6
    assert report["accuracy_interval"] == pytest.approx([0.2307, 0.8824], abs=1e-4)
    recall = dict.fromkeys(LABELS) | {"angry": 0.5, "happy": 1.0, "neutral": 0.0}
    assert list(report["per_class_recall"].items()) == list(recall.items())
    assert report["macro_f1"] == pytest.approx((2 / 3 + 4 / 6 + 0) / 3)
    expected = np.zeros((7, 7), dtype=int)
    expected[0, 0], expected[0, 3], expected[3, 3], expected[6, 3] = 1, 1, 2, 1
    assert report["confusion_matrix"] == expected.tolist()
    unsure = (1 - SURE) / 6
    assert report["nll"] == pytest.approx(-(3 * math.log(SURE) + 2 * math.log(unsure)) / 5)
    assert report["ece"] == pytest.approx(abs(0.6 - SURE), abs=1e-6)
    assert report["model_sha256"] == file_sha256(model)
    assert (tmp_path / "plots" / "confusion_matrix.png").read_bytes().startswith(PNG_START)
    for name in ("accuracy", "interval", "ece"):
        assert report[f"ferplus_majority_{name}"] is None


def test_the_majority_of_ferplus_is_reported_where_there_are_votes(
    tmp_path: Path, model: Path
) -> None:
    voted = with_ballots(
        FACES,
        {"anger": 9},  # as predicted
        {"happiness": 9},  # as predicted, though the label says angry
        {"contempt": 9},  # which is no label
        {"neutral": 9},  # but predicted happy
        {},
    )
    write_folder(tmp_path, "mine", FACES)
    write_votes(tmp_path, voted)
    report = json.loads(run(model, tmp_path, "mine")[1].read_text())
    assert report["ferplus_images"] == 3
    assert report["ferplus_majority_accuracy"] == pytest.approx(2 / 3)
    assert report["ferplus_majority_interval"] == pytest.approx(wilson_interval(2, 3))
    assert report["ferplus_majority_ece"] == pytest.approx(abs(2 / 3 - SURE), abs=1e-6)


def test_the_figures_are_printed_for_people(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folder(tmp_path, "mine", FACES)
    assert main(["--model", str(model), "--data", str(tmp_path), "--split", "mine"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "pixels.onnx on 5 faces of mine",
        "  accuracy (95 %)    60.0 % (23.1 to 88.2)",
        "  macro F1           0.444",
        f"  NLL                {-(3 * math.log(SURE) + 2 * math.log((1 - SURE) / 6)) / 5:.3f}",
        f"  calibration error  {abs(0.6 - SURE):.3f}",
        "  recall of angry    0.50 of 2",
        "  recall of happy    1.00 of 2",
        "  recall of neutral  0.00 of 1",
    ]


def broken_models(folder: Path) -> dict[str, str]:
    """Write model files that must be refused; return what the refusal must say."""
    (folder / "text.onnx").write_text("not protobuf")
    (folder / "text.keras").write_text("not a zip")
    with zipfile.ZipFile(folder / "empty.keras", "w") as archive:
        archive.writestr("hello.txt", "hello")
    (folder / "weights.h5").write_text("x")
    write_pixel_model(folder / "float.onnx", element=TensorProto.FLOAT)
    write_pixel_model(folder / "large.onnx", side=64)
    write_pixel_model(folder / "eight.onnx", labels=8)
    write_pixel_model(folder / "fixed.onnx", batch=4)
    return {
        "text.onnx": "cannot be opened",
        "text.keras": "is no zip file",
        "empty.keras": "cannot be opened",
        "weights.h5": "expected .onnx or .keras",
        "gone.onnx": "there is no model file",
        "float.onnx": "expected one tensor(uint8)",
        "large.onnx": "takes tensor(uint8) ['n', 64, 64], expected",
        "fixed.onnx": "takes tensor(uint8) [4, 48, 48], expected",
        "eight.onnx": "expected (1, 7)",
    }


def test_a_wrong_model_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folder(tmp_path, "mine", FACES)
    for name, message in broken_models(tmp_path).items():
        code, out = run(tmp_path / name, tmp_path, "mine")
        error = capsys.readouterr().err
        assert code == 2, name
        assert error.count("\n") == 1, error
        assert message in error
        assert name in error
        assert not out.exists()


def test_wrong_data_is_one_line_and_exit_code_2(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd" / "joy").mkdir(parents=True)
    for split, message in (("none", "none.zip"), ("odd", "'joy' is no emotion")):
        assert run(model, tmp_path, split)[0] == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert message in error


@pytest.mark.e2e
def test_a_damaged_keras_file_is_one_line_though_tensorflow_is_loaded(tmp_path: Path) -> None:
    broken_models(tmp_path)
    command = [sys.executable, "-m", "training.evaluate", "--model", str(tmp_path / "empty.keras")]
    command += ["--data", str(tmp_path), "--split", "mine", "--json", str(tmp_path / "out.json")]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=100, check=False, env=environment
    )
    assert done.returncode == 2
    assert done.stderr.startswith("training.evaluate: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
