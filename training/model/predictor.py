"""Opens an exported model, ``.onnx`` or ``.keras``, and asks it for probabilities."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from common.errors import ModelError
from common.face_model import FACE_SIZE_PX, LABELS, Crops, Probabilities
from common.native_output import tensorflow_notices_left_out

BATCH = 128

Predictor = Callable[[Crops], Probabilities]


def open_model(file: Path) -> Predictor:
    """Return a function from ``(n, 48, 48) uint8`` to ``(n, 7) float32`` probabilities.

    Raises:
        ModelError: The file is missing, damaged, or does not fit the model contract.
    """
    if not file.is_file():
        raise ModelError(f"there is no model file {file}")
    openers = {".onnx": _open_onnx, ".keras": _open_keras}
    if file.suffix not in openers:
        raise ModelError(f"{file} ends in {file.suffix!r}, expected .onnx or .keras")
    predict = openers[file.suffix](file)
    probe = predict(np.zeros((1, FACE_SIZE_PX, FACE_SIZE_PX), dtype=np.uint8))
    if probe.shape != (1, len(LABELS)) or not np.isclose(probe.sum(), 1.0, atol=1e-3):
        raise ModelError(
            f"{file} gives {probe.shape} with sum {probe.sum():.3f}, expected (1, {len(LABELS)}) "
            "with sum 1"
        )
    return predict


def predict_all(predict: Predictor, faces: Crops) -> Probabilities:
    """Return the probabilities of any number of faces, at least one."""
    parts = [predict(faces[start : start + BATCH]) for start in range(0, len(faces), BATCH)]
    return np.concatenate(parts)


def _open_onnx(file: Path) -> Predictor:
    from common.onnx_session import onnxruntime  # noqa: PLC0415 - a Keras file needs none

    try:
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common base of their own
        raise ModelError(f"{file} cannot be opened ({_one_line(error)})") from error
    inputs = session.get_inputs()
    fits = len(inputs) == 1 and inputs[0].type == "tensor(uint8)"
    if not fits or not _takes_any_number_of_faces(inputs[0].shape):
        found = ", ".join(f"{each.type} {each.shape}" for each in inputs)
        raise ModelError(f"{file} takes {found}, expected one tensor(uint8) ['n', 48, 48]")
    name = inputs[0].name
    return lambda faces: np.asarray(session.run(None, {name: faces})[0], dtype=np.float32)


def _takes_any_number_of_faces(shape: list[int | str]) -> bool:
    """Return whether a shape is ``[a name, 48, 48]``; a number in place of the name is fixed."""
    return shape[1:] == [FACE_SIZE_PX, FACE_SIZE_PX] and not isinstance(shape[0], int)


def _open_keras(file: Path) -> Predictor:
    if not zipfile.is_zipfile(file):
        raise ModelError(f"{file} is no zip file, which every .keras file is")
    with tensorflow_notices_left_out():
        import keras  # noqa: PLC0415  # takes seconds, which evaluating an ONNX file need not wait

        try:
            model = keras.models.load_model(file, compile=False, safe_mode=True)
        except Exception as error:  # OSError, ValueError, KeyError, TypeError: by the damage
            raise ModelError(f"{file} cannot be opened ({_one_line(error)})") from error
    shape = model.input_shape if isinstance(model, keras.Model) else None
    if shape != (None, FACE_SIZE_PX, FACE_SIZE_PX):
        raise ModelError(f"{file} takes {shape}, expected (None, {FACE_SIZE_PX}, {FACE_SIZE_PX})")
    return lambda faces: np.asarray(model(faces, training=False), dtype=np.float32)


def _one_line(error: Exception) -> str:
    """Return the message without its line breaks, shortened."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}..."
