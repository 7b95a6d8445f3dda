"""The model in TensorFlow: the path for GPUs. The only module of the pipeline that imports it."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors, and nothing below

import keras
import numpy as np
import tensorflow as tf

from classifier.backend import BATCH_SIZES, first_line
from common.errors import ModelError
from common.face_model import FACE_SIZE_PX, LABELS, Crops, Probabilities


def sees_gpu() -> bool:
    """Return whether TensorFlow can use a GPU here."""
    return bool(tf.config.list_physical_devices("GPU"))


class TensorFlowBackend:
    """A ``.keras`` model, compiled once for each of ``BATCH_SIZES``; batches are padded to fit.

    So nothing is traced while the pipeline runs: ``traces`` stays what it was after warm-up.

    Raises:
        ModelError: The file is damaged or does not fit the model contract.
    """

    def __init__(self, path: Path) -> None:
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)  # leave room for other workers
        try:
            with ZipFile(path):  # else Keras says of a damaged file that it is not there
                pass
            self._model = keras.models.load_model(path, compile=False, safe_mode=True)
        except (ValueError, OSError, KeyError, TypeError, BadZipFile, zlib.error) as error:
            raise ModelError(
                f"CLASSIFIER_MODEL={path}: not a readable Keras model ({first_line(error)}); "
                "copy the file again or unset CLASSIFIER_MODEL for the bundled one"
            ) from error
        self._check(path)
        self.traces = 0
        self._compiled = tf.function(self._forward)

    def classify(self, crops: Crops) -> Probabilities:
        """Return the probabilities, ``(n, 7) float32``, of ``(n, 48, 48) uint8`` faces."""
        parts = [
            self._classify_part(crops[start : start + BATCH_SIZES[-1]])
            for start in range(0, len(crops), BATCH_SIZES[-1])
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(LABELS)), np.float32)

    def _classify_part(self, crops: Crops) -> Probabilities:
        size = next(size for size in BATCH_SIZES if size >= len(crops))
        padded = np.zeros((size, FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)
        padded[: len(crops)] = crops
        probabilities = self._compiled(tf.constant(padded)).numpy()
        return np.asarray(probabilities[: len(crops)], np.float32)

    def _forward(self, faces: tf.Tensor) -> tf.Tensor:
        self.traces += 1  # this line runs only while the function is traced
        return self._model(faces, training=False)

    def _check(self, path: Path) -> None:
        """Hold inputs and outputs against the model contract."""
        ends = [*self._model.inputs, *self._model.outputs] if self._model.built else []
        found = [(item.dtype, tuple(item.shape)) for item in ends]
        wanted = [("uint8", (None, FACE_SIZE_PX, FACE_SIZE_PX)), ("float32", (None, len(LABELS)))]
        if found != wanted:
            raise ModelError(
                f"CLASSIFIER_MODEL={path}: expected one input {wanted[0]} and one output "
                f"{wanted[1]}, got {found}; export it with `python -m training.train`"
            )
