"""Opens an exported model, ``.onnx`` or ``.keras``, and asks it for probabilities."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from common.errors import ModelError
from common.face_model import FACE_SIZE_PX, LABELS, Crops, Probabilities

BATCH = 128

Predictor = Callable[[Crops], Probabilities]


def open_model(file: Path) -> Predictor:
    """Returns a function from ``(n, 48, 48) uint8`` to ``(n, 7) float32`` probabilities.

    Raises:
        ModelError: if the file is missing, damaged, or does not fit the model contract.
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
    """Returns the probabilities of any number of faces, at least one."""
    parts = [predict(faces[start : start + BATCH]) for start in range(0, len(faces), BATCH)]
    return np.concatenate(parts)


def _open_onnx(file: Path) -> Predictor:
    import onnxruntime  # noqa: PLC0415  # evaluating a Keras file does not need it

    try:
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    except Exception as err:  # its exceptions have no common base of their own
        raise ModelError(f"{file} cannot be opened ({_one_line(err)})") from err
    inputs = session.get_inputs()
    shape = [tuple(each.shape) for each in inputs]
    if len(inputs) != 1 or inputs[0].type != "tensor(uint8)" or shape[0][1:] != (48, 48):
        found = [f"{each.type} {each.shape}" for each in inputs]
        raise ModelError(f"{file} takes {found}, expected one tensor(uint8) [n, 48, 48]")
    name = inputs[0].name

    def predict(faces: Crops) -> Probabilities:
        return np.asarray(session.run(None, {name: faces})[0], dtype=np.float32)

    return predict


def _open_keras(file: Path) -> Predictor:
    # The library's notes on the processor and on missing GPUs would hide our one line of error.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras  # noqa: PLC0415  # takes seconds, which evaluating an ONNX file need not wait

    try:
        model = keras.models.load_model(file, compile=False, safe_mode=True)
    except Exception as err:  # OSError, ValueError, KeyError, TypeError, depending on the damage
        raise ModelError(f"{file} cannot be opened ({_one_line(err)})") from err
    shape = tuple(model.input_shape) if hasattr(model, "input_shape") else None
    if shape not in {(None, 48, 48), (None, 48, 48, 1)}:
        raise ModelError(f"{file} takes {shape}, expected (None, 48, 48)")

    def predict(faces: Crops) -> Probabilities:
        shaped = faces.reshape(-1, *shape[1:])
        return np.asarray(model(shaped, training=False), dtype=np.float32)

    return predict


def _one_line(err: Exception) -> str:
    """Returns the message without its line breaks, shortened."""
    text = " ".join(str(err).split()) or type(err).__name__
    return text if len(text) <= 200 else f"{text[:200]}..."
