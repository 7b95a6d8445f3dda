from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classifier.onnx_backend import OnnxBackend
from common.errors import ModelError
from common.face_model import LABELS, Crops


def tiny_model(
    path: Path,
    batch: int | str = "n",
    side: int = 48,
    labels: int = 7,
    dtype: str = "UINT8",
    inputs: int = 1,
) -> Path:
    """Write an ONNX model that gives every face the mean of its pixels, for each label."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    given = [
        helper.make_tensor_value_info(f"x{at}", getattr(kinds, dtype), [batch, side, side])
        for at in range(inputs)
    ]
    nodes = [
        helper.make_node("Cast", ["x0"], ["real"], to=kinds.FLOAT),
        helper.make_node("ReduceMean", ["real"], ["mean"], axes=[2], keepdims=0),
        helper.make_node("Slice", ["mean", "zero", "count", "one"], ["y"]),
    ]
    numbers = {"zero": 0, "count": labels, "one": 1}
    constants = [helper.make_tensor(k, kinds.INT64, [1], [v]) for k, v in numbers.items()]
    answer = helper.make_tensor_value_info("y", kinds.FLOAT, [batch, labels])
    nodes[2].input[:] = ["mean", "zero", "count", "one"]
    graph = helper.make_graph(nodes, "tiny", given, [answer], initializer=constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def test_probabilities_are_a_row_of_seven_a_face(onnx_backend: OnnxBackend, faces: Crops) -> None:
    probabilities = onnx_backend.classify(faces[:9])
    assert probabilities.shape == (9, len(LABELS))
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.ptp(probabilities, axis=0).max() > 0, "faces differ, and so do the answers"


@pytest.mark.parametrize("size", [1, 3, 5, 8, 32])
def test_probabilities_are_bitwise_the_same_however_batches_fall(
    onnx_backend: OnnxBackend, faces: Crops, size: int
) -> None:
    alone = np.concatenate([onnx_backend.classify(faces[at : at + 1]) for at in range(32)])
    batched = np.concatenate(
        [onnx_backend.classify(faces[at : min(at + size, 32)]) for at in range(0, 32, size)]
    )
    assert np.array_equal(alone, batched)


def test_read_only_view_of_a_message_is_classified(onnx_backend: OnnxBackend, faces: Crops) -> None:
    received = np.frombuffer(faces[:2].tobytes(), np.uint8).reshape(2, 48, 48)
    assert np.array_equal(onnx_backend.classify(received), onnx_backend.classify(faces[:2]))


def test_no_faces_give_no_rows(onnx_backend: OnnxBackend) -> None:
    nothing = onnx_backend.classify(np.zeros((0, 48, 48), np.uint8))
    assert nothing.shape == (0, len(LABELS))


def test_model_that_fits_the_contract_is_taken(tmp_path: Path) -> None:
    backend = OnnxBackend(tiny_model(tmp_path / "m.onnx"))
    assert backend.classify(np.full((3, 48, 48), 5, np.uint8)).tolist() == [[5.0] * 7] * 3


@pytest.mark.parametrize(
    "options",
    [
        {"batch": 1},
        {"side": 64},
        {"labels": 8},
        {"dtype": "FLOAT"},
        {"inputs": 2},
    ],
    ids=str,
)
def test_model_that_does_not_fit_the_contract_is_refused_with_what_it_takes(
    tmp_path: Path, options: dict[str, int | str]
) -> None:
    path = tiny_model(tmp_path / "m.onnx", **options)  # type: ignore[arg-type]
    assert_one_line(path, "expected one input")


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:100],
        lambda _: b"",
        lambda _: b"this is no model\n" * 50,
        lambda data: data[:120] + b"\xff" + data[121:],
        lambda data: bytes(1000) + data,
    ],
    ids=["half", "head", "empty", "text", "one byte", "zeros in front"],
)
def test_damaged_file_is_refused_in_one_line(
    tmp_path: Path, onnx_model: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(damage(onnx_model.read_bytes()))
    assert_one_line(path, "not a readable ONNX model")


def test_missing_file_is_refused_in_one_line(tmp_path: Path) -> None:
    assert_one_line(tmp_path / "missing.onnx", "not a readable ONNX model")


def assert_one_line(path: Path, complaint: str) -> None:
    with pytest.raises(ModelError) as caught:
        OnnxBackend(path)
    assert str(caught.value).startswith(f"CLASSIFIER_MODEL={path}: {complaint}")
    assert "\n" not in str(caught.value)
