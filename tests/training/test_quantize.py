from __future__ import annotations

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from classifier.manifest import check_model
from common.face_model import LABELS, Crops
from tests.training.synthetic_faces import make_faces, write_zip
from training import quantize
from training.config import TrainingConfig
from training.data.faces import FaceSet, content_sha256
from training.data.splits import DataSource, load_training_data
from training.measure.evaluation import Evaluation, evaluate_faces
from training.model.model_files import ONNX_NAME
from training.model.network import EXPRESSION_HEAD, build_exported_network
from training.model.onnx_graph import write_onnx
from training.model.predictor import open_model, predict_all
from training.quantize import main, quantize_model

SMALL = TrainingConfig(widths="8,8,8", depths="2,2,3")
"""The third block has a residual convolution, as those of the model that ships."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that tells the labels of the synthetic faces apart.

    Its convolutions are random, its head is fitted to them by least squares.
    """
    keras.utils.set_random_seed(1)
    network = build_exported_network(SMALL)
    random = np.random.default_rng(1)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    head = network.get_layer(EXPRESSION_HEAD)
    faces = make_faces(280, seed=1)
    features = np.asarray(keras.Model(network.input, head.input)(faces.images))
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-6
    inputs = np.hstack([(features - mean) / deviation, np.ones((len(faces), 1))])
    solved = np.linalg.lstsq(inputs, np.eye(len(LABELS))[faces.labels] * 10, rcond=None)[0]
    kernel = solved[:-1] / deviation[:, np.newaxis]
    head.set_weights([kernel, solved[-1] - mean @ kernel])
    file = tmp_path_factory.mktemp("model") / ONNX_NAME
    write_onnx(network, file)
    return file


@pytest.fixture(scope="module")
def quantized(model: Path) -> Path:
    file = model.with_name("small.onnx")
    quantize_model(model, make_faces(70, seed=2).images, file)
    return file


def test_integers_give_nearly_the_same_probabilities(model: Path, quantized: Path) -> None:
    faces = make_faces(210, seed=3)
    before, after = (predict_all(open_model(file), faces.images) for file in (model, quantized))
    assert (before.argmax(axis=1) == faces.labels).mean() > 0.9, "the network has learned"
    assert (before.argmax(axis=1) == after.argmax(axis=1)).mean() > 0.95
    assert 0 < np.abs(before - after).mean() < 0.02


def test_every_convolution_but_the_first_has_weights_of_seven_bits(quantized: Path) -> None:
    graph = onnx.load(quantized).graph
    maker = {output: node for node in graph.node for output in node.output}
    values = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    first, *others = (node for node in graph.node if node.op_type == "Conv")
    assert values[first.input[1]].dtype == np.float32
    assert len(others) == 6
    for node in others:
        weights = values[maker[node.input[1]].input[0]]
        scales = values[maker[node.input[1]].input[1]]
        assert weights.dtype == np.int8
        assert np.abs(weights.astype(int)).max() in (63, 64)
        assert scales.shape == (8,), "one for each channel"
        assert maker[node.input[0]].op_type == "DequantizeLinear"


def test_a_face_gets_bitwise_the_same_answer_in_any_batch(quantized: Path) -> None:
    predict = open_model(quantized)
    images = make_faces(9, seed=4).images
    alone = np.concatenate([predict(images[row : row + 1]) for row in range(9)])
    assert np.array_equal(predict(images), alone)


def run(model: Path, data: Path, to: Path) -> int:
    return main(["--model", str(model), "--data", str(data), "--to", str(to)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a train and a validation split."""
    write_zip(tmp_path / "data", "train", make_faces(70, seed=5))
    write_zip(tmp_path / "data", "validation", make_faces(70, seed=6, first=70))
    return tmp_path / "data"


@pytest.fixture
def copied(model: Path, tmp_path: Path) -> Path:
    """A copy of the model, for a test to put a manifest beside."""
    return Path(shutil.copy(model, tmp_path / ONNX_NAME))


def test_command_writes_a_model_that_the_manifest_beside_it_lists(
    model: Path, data: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out" / "small.onnx"
    target.parent.mkdir()
    manifest = target.with_name("manifest.json")
    manifest.write_text(json.dumps({"files": {"other": {"bytes": 1}}, "macs": 5}))
    assert run(model, data, target) == 0
    assert check_model(target)
    values = json.loads(manifest.read_text())
    assert values["macs"] == 5
    assert values["files"]["other"] == {"bytes": 1}
    assert values["metrics"]["small.onnx"]["images"] == 70
    assert values["metrics"]["small.onnx"]["accuracy"] > 0.9
    assert values["quantized"]["small.onnx"]["calibration_faces"] == 70
    first = target.read_bytes()
    assert run(model, data, target) == 0
    assert target.read_bytes() == first, "the same command writes the same file"
    assert sorted(path.name for path in target.parent.iterdir()) == ["manifest.json", "small.onnx"]


def test_data_is_split_as_it_was_in_training(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    write_zip(folder, "train", make_faces(140, seed=7))
    trained_on = load_training_data(DataSource(folder, "train", "validation"))
    trained = {"data": {"content_sha256": trained_on.sha256()}}
    (tmp_path / "manifest.json").write_text(json.dumps(trained))
    calibrated: list[bytes] = []
    measured: list[str] = []
    real = quantize.quantize_model

    def remember_calibration(model: Path, faces: Crops, target: Path) -> None:
        calibrated.extend(face.tobytes() for face in faces)
        real(model, faces, target)

    def remember_validation(file: Path, faces: FaceSet, split: str, folder: Path) -> Evaluation:
        measured.append(content_sha256(faces))
        return evaluate_faces(file, faces, split, folder)

    monkeypatch.setattr(quantize, "quantize_model", remember_calibration)
    monkeypatch.setattr(quantize, "evaluate_faces", remember_validation)
    assert run(copied, folder, tmp_path / "small.onnx") == 0
    assert set(calibrated) == {face.tobytes() for face in trained_on.train.images}
    assert measured == [content_sha256(trained_on.validation)] * 2


def test_data_that_the_model_was_not_trained_on_is_refused(
    copied: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = "ab" * 32 + "cd" * 32
    trained = {"data": {"content_sha256": expected}}
    (tmp_path / "manifest.json").write_text(json.dumps(trained))
    assert run(copied, data, tmp_path / "small.onnx") == 2
    found = load_training_data(DataSource(data, "train", "validation")).sha256()
    error = capsys.readouterr().err
    assert error.startswith(f"training.quantize: {data} is not what {copied} was trained on: ")
    for sha256 in (expected, found):
        said = f"SHA-256 {sha256[:12]}... of training, {sha256[64:76]}... of validation"
        assert said in error
    assert "give --data, --train-split, --validation-split and --label-map as" in error
    assert not (tmp_path / "small.onnx").exists()


def test_without_a_manifest_a_tenth_held_out_may_have_been_learned(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_zip(tmp_path / "data", "train", make_faces(140, seed=7))
    assert run(model, tmp_path / "data", tmp_path / "small.onnx") == 2
    error = capsys.readouterr().err
    assert "manifest.json does not say what expression.onnx was trained on, and " in error
    assert "has no split 'validation': copy the manifest of the run there" in error
    assert not (tmp_path / "small.onnx").exists()


def test_model_that_loses_too_much_is_not_written(
    model: Path,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(quantize, "MAX_LOSS", -1.0)
    target = tmp_path / "out" / "small.onnx"
    assert run(model, data, target) == 2
    assert (
        "of accuracy on validation, allowed: -1.0; nothing was written" in capsys.readouterr().err
    )
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "to", "manifest", "complaint"),
    [
        ("missing.onnx", "a.onnx", None, "there is no model file"),
        ("m.keras", "a.onnx", None, "expected the .onnx file of the run"),
        (ONNX_NAME, "a.int8", None, "expected another .onnx file than --model"),
        (ONNX_NAME, ONNX_NAME, None, "expected another .onnx file than --model"),
        (ONNX_NAME, "a.onnx", "{", "is damaged (Expecting property name"),
        (ONNX_NAME, "a.onnx", "[]", "is damaged (Expected `object`, got `array`)"),
        (ONNX_NAME, "a.onnx", '{"files": []}', "got `array` - at `$.files`"),
        (ONNX_NAME, "a.onnx", '{"config": {"seed": 1}}', "is damaged (no `$.data.content_sha256`)"),
        (ONNX_NAME, "a.onnx", '{"data": {"content_sha256": 7}}', "at `$.data.content_sha256`"),
    ],
)
@pytest.mark.usefixtures("copied")
def test_what_is_wrong_is_told_before_the_data_is_read(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    given: str,
    to: str,
    manifest: str | None,
    complaint: str,
) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    assert run(tmp_path / given, tmp_path / "no data", tmp_path / to) == 2
    assert complaint in capsys.readouterr().err
