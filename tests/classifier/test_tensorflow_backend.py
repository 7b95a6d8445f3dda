from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from classifier.backend import BATCH_SIZES
from classifier.onnx_backend import OnnxBackend
from common.errors import ModelError
from common.face_model import BUNDLED_MODEL_DIR, LABELS, Crops

if TYPE_CHECKING:
    from classifier.tensorflow_backend import TensorFlowBackend

pytestmark = pytest.mark.slow


def tiny_model(
    path: Path, side: int = 48, labels: int = 7, dtype: str = "uint8", batch: int | None = None
) -> Path:
    """Write a small Keras model."""
    import keras

    given = keras.Input((side, side), batch_size=batch, dtype=dtype)
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(given))
    model = keras.Model(given, keras.layers.Dense(labels, activation="softmax")(flat))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Keras, about NumPy 2
        model.save(path)
    return path


def test_both_backends_agree_on_256_faces(
    tensorflow_backend: TensorFlowBackend, onnx_backend: OnnxBackend, faces: Crops
) -> None:
    assert len(faces) == 256
    ours = tensorflow_backend.classify(faces)
    in_floats = OnnxBackend(BUNDLED_MODEL_DIR / "expression.onnx").classify(faces)
    assert np.abs(ours - in_floats).max() < 1e-4
    in_integers = onnx_backend.classify(faces)
    assert np.abs(ours - in_integers).mean() < 0.01


def test_probabilities_are_a_row_of_seven_a_face(
    tensorflow_backend: TensorFlowBackend, faces: Crops
) -> None:
    probabilities = tensorflow_backend.classify(faces[:3])
    assert probabilities.shape == (3, len(LABELS))
    assert probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_batches_of_any_size_are_padded_or_divided(
    tensorflow_backend: TensorFlowBackend, faces: Crops
) -> None:
    whole = tensorflow_backend.classify(faces[:130])
    for count in (1, 3, 5, 33, 64, 65, 130):
        part = tensorflow_backend.classify(faces[130 - count : 130])
        assert part.shape == (count, len(LABELS))
        assert np.abs(part - whole[130 - count :]).max() < 1e-5


def test_no_faces_give_no_rows(tensorflow_backend: TensorFlowBackend) -> None:
    nothing = tensorflow_backend.classify(np.zeros((0, 48, 48), np.uint8))
    assert nothing.shape == (0, len(LABELS))


def test_nothing_is_compiled_after_the_warm_up(
    tensorflow_backend: TensorFlowBackend, faces: Crops
) -> None:
    for size in BATCH_SIZES:
        tensorflow_backend.classify(faces[:size])
    assert tensorflow_backend.traces == len(BATCH_SIZES)
    for count in (1, 2, 3, 7, 31, 64, 100, 128):
        tensorflow_backend.classify(faces[:count])
    assert tensorflow_backend.traces == len(BATCH_SIZES)


def test_model_that_fits_the_contract_is_taken(tmp_path: Path, faces: Crops) -> None:
    from classifier.tensorflow_backend import TensorFlowBackend

    backend = TensorFlowBackend(tiny_model(tmp_path / "m.keras"))
    assert backend.classify(faces[:3]).shape == (3, 7)


@pytest.mark.parametrize(
    "options", [{"side": 64}, {"labels": 8}, {"dtype": "float32"}, {"batch": 1}], ids=str
)
def test_model_that_does_not_fit_the_contract_is_refused_with_what_it_takes(
    tmp_path: Path, options: dict[str, int | str]
) -> None:
    path = tiny_model(tmp_path / "m.keras", **options)  # type: ignore[arg-type]
    assert_one_line(path, "expected one input")


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda _: b"",
        lambda _: b"this is no model\n" * 50,
        lambda data: data[:5000] + bytes(300) + data[5300:],
        lambda data: data[: len(data) // 2] + bytes(9) + data[len(data) // 2 + 9 :],
    ],
    ids=["half", "empty", "text", "configuration", "weights"],
)
def test_damaged_file_is_refused_in_one_line(
    tmp_path: Path, keras_model: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "damaged.keras"
    path.write_bytes(damage(keras_model.read_bytes()))
    assert_one_line(path, "not a readable Keras model")


def test_archive_without_a_model_in_it_is_refused_in_one_line(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "empty.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    assert_one_line(path, "not a readable Keras model")


def assert_one_line(path: Path, complaint: str) -> None:
    from classifier.tensorflow_backend import TensorFlowBackend

    with pytest.raises(ModelError) as caught:
        TensorFlowBackend(path)
    assert str(caught.value).startswith(f"CLASSIFIER_MODEL={path}: {complaint}")
    assert "\n" not in str(caught.value)
