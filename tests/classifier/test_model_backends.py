"""What runs the model, in ONNX Runtime and in TensorFlow: one contract, two libraries."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from classifier.backend import BATCH_SIZES, Backend
from classifier.backends import ONNX, SUFFIXES, TENSORFLOW
from classifier.onnx_backend import OnnxBackend
from common.errors import ModelError
from common.face_model import BUNDLED_MODEL_DIR, LABELS, Crops

if TYPE_CHECKING:
    from classifier.tensorflow_backend import TensorFlowBackend

CONTENT = {ONNX: "ONNX", TENSORFLOW: "Keras"}
NAMES = [ONNX, pytest.param(TENSORFLOW, marks=pytest.mark.slow)]
BOTH = pytest.mark.parametrize("name", NAMES)

DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda data: data[: len(data) // 2],
    lambda data: data[:100],
    lambda data: data[:5000] + bytes(300) + data[5300:],
    lambda _: b"",
    lambda _: b"this is no model\n" * 50,
]


def load(name: str, path: Path) -> Backend:
    if name == ONNX:
        return OnnxBackend(path)
    from classifier.tensorflow_backend import TensorFlowBackend

    return TensorFlowBackend(path)


def bundled(name: str, request: pytest.FixtureRequest) -> Backend:
    backend: Backend = request.getfixturevalue(f"{name}_backend")
    return backend


def tiny_model(name: str, folder: Path, **options: int | str) -> Path:
    """Write a small model that fits the contract but for the options."""
    path = folder / f"m{SUFFIXES[name]}"
    make = tiny_onnx_model if name == ONNX else tiny_keras_model
    make(path, **options)  # type: ignore[arg-type]
    return path


def tiny_onnx_model(
    path: Path,
    batch: int | str = "n",
    side: int = 48,
    labels: int = 7,
    dtype: str = "uint8",
    inputs: int = 1,
) -> None:
    """Write a model that gives every face the mean of its pixels, for each label."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    kind = {"uint8": kinds.UINT8, "float32": kinds.FLOAT}[dtype]
    given = [
        helper.make_tensor_value_info(f"x{at}", kind, [batch, side, side]) for at in range(inputs)
    ]
    nodes = [
        helper.make_node("Cast", ["x0"], ["real"], to=kinds.FLOAT),
        helper.make_node("ReduceMean", ["real"], ["mean"], axes=[2], keepdims=0),
        helper.make_node("Slice", ["mean", "zero", "count", "one"], ["y"]),
    ]
    numbers = {"zero": 0, "count": labels, "one": 1}
    constants = [helper.make_tensor(k, kinds.INT64, [1], [v]) for k, v in numbers.items()]
    answer = helper.make_tensor_value_info("y", kinds.FLOAT, [batch, labels])
    graph = helper.make_graph(nodes, "tiny", given, [answer], initializer=constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def tiny_keras_model(
    path: Path,
    batch: int | None = None,
    side: int = 48,
    labels: int = 7,
    dtype: str = "uint8",
    inputs: int = 1,
) -> None:
    import keras

    given = [keras.Input((side, side), batch_size=batch, dtype=dtype) for _ in range(inputs)]
    flat = [keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(item)) for item in given]
    joined = keras.layers.Concatenate()(flat) if inputs > 1 else flat[0]
    model = keras.Model(given, keras.layers.Dense(labels, activation="softmax")(joined))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Keras, about NumPy 2
        model.save(path)


@pytest.mark.slow
def test_both_backends_agree_on_256_faces(
    tensorflow_backend: TensorFlowBackend, onnx_backend: OnnxBackend, faces: Crops
) -> None:
    assert len(faces) == 256
    ours = tensorflow_backend.classify(faces)
    in_floats = OnnxBackend(BUNDLED_MODEL_DIR / "expression.onnx").classify(faces)
    assert np.abs(ours - in_floats).max() < 1e-4
    in_integers = onnx_backend.classify(faces)
    assert np.abs(ours - in_integers).mean() < 0.01


@BOTH
def test_probabilities_are_a_row_of_seven_a_face(
    name: str, request: pytest.FixtureRequest, faces: Crops
) -> None:
    received = np.frombuffer(faces[:9].tobytes(), np.uint8).reshape(9, 48, 48)  # read-only
    probabilities = bundled(name, request).classify(received)
    assert probabilities.shape == (9, len(LABELS))
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.ptp(probabilities, axis=0).max() > 0, "faces differ, and so do the answers"


@BOTH
def test_no_faces_give_no_rows(name: str, request: pytest.FixtureRequest) -> None:
    nothing = bundled(name, request).classify(np.zeros((0, 48, 48), np.uint8))
    assert nothing.shape == (0, len(LABELS))


@pytest.mark.parametrize("size", [1, 3, 5, 8, 32])
def test_probabilities_are_bitwise_the_same_however_batches_fall_on_a_cpu(
    onnx_backend: OnnxBackend, faces: Crops, size: int
) -> None:
    alone = np.concatenate([onnx_backend.classify(faces[at : at + 1]) for at in range(32)])
    batched = np.concatenate(
        [onnx_backend.classify(faces[at : min(at + size, 32)]) for at in range(0, 32, size)]
    )
    assert np.array_equal(alone, batched)


@pytest.mark.slow
def test_batches_of_any_size_are_padded_or_divided_for_tensorflow(
    tensorflow_backend: TensorFlowBackend, faces: Crops
) -> None:
    whole = tensorflow_backend.classify(faces[:130])
    for count in (1, 3, 5, 33, 64, 65, 130):
        part = tensorflow_backend.classify(faces[130 - count : 130])
        assert part.shape == (count, len(LABELS))
        assert np.abs(part - whole[130 - count :]).max() < 1e-5


@pytest.mark.slow
def test_nothing_is_compiled_after_the_warm_up(
    tensorflow_backend: TensorFlowBackend, faces: Crops
) -> None:
    for size in BATCH_SIZES:
        tensorflow_backend.classify(faces[:size])
    assert tensorflow_backend.traces == len(BATCH_SIZES)
    for count in (1, 2, 3, 7, 31, 64, 100, 128):
        tensorflow_backend.classify(faces[:count])
    assert tensorflow_backend.traces == len(BATCH_SIZES)


@BOTH
def test_model_that_fits_the_contract_is_taken(name: str, tmp_path: Path, faces: Crops) -> None:
    backend = load(name, tiny_model(name, tmp_path))
    assert backend.classify(faces[:3]).shape == (3, 7)


@BOTH
@pytest.mark.parametrize(
    "options",
    [{"batch": 1}, {"side": 64}, {"labels": 8}, {"dtype": "float32"}, {"inputs": 2}],
    ids=str,
)
def test_model_that_does_not_fit_the_contract_is_refused_with_what_it_takes(
    name: str, tmp_path: Path, options: dict[str, int | str]
) -> None:
    assert_one_line(name, tiny_model(name, tmp_path, **options), "expected one input")


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((ONNX, damage) for damage in DAMAGES),
        (ONNX, lambda data: data[:120] + b"\xff" + data[121:]),
        (ONNX, lambda data: bytes(1000) + data),
        *(pytest.param(TENSORFLOW, damage, marks=pytest.mark.slow) for damage in DAMAGES),
        pytest.param(
            TENSORFLOW,
            lambda data: data[: len(data) // 2] + bytes(9) + data[len(data) // 2 + 9 :],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_damaged_file_is_refused_in_one_line(
    name: str, tmp_path: Path, request: pytest.FixtureRequest, damage: Callable[[bytes], bytes]
) -> None:
    whole: Path = request.getfixturevalue("onnx_model" if name == ONNX else "keras_model")
    path = tmp_path / f"damaged{SUFFIXES[name]}"
    path.write_bytes(damage(whole.read_bytes()))
    assert_one_line(name, path, f"not a readable {CONTENT[name]} model")


@BOTH
def test_missing_file_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"missing{SUFFIXES[name]}"
    assert_one_line(name, path, f"not a readable {CONTENT[name]} model")


@pytest.mark.slow
def test_archive_without_a_model_in_it_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "empty.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    assert_one_line(TENSORFLOW, path, "not a readable Keras model")


def assert_one_line(name: str, path: Path, complaint: str) -> None:
    with pytest.raises(ModelError) as caught:
        load(name, path)
    assert str(caught.value).startswith(f"CLASSIFIER_MODEL={path}: {complaint}")
    assert "\n" not in str(caught.value)
