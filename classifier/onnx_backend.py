"""The model in ONNX Runtime: the path for CPUs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from common.errors import ModelError
from common.face_model import FACE_SIZE_PX, LABELS, Crops, Probabilities
from common.onnx_session import open_session


class OnnxBackend:
    """An ``.onnx`` model on one thread of the CPU.

    Raises:
        ModelError: The file is damaged or does not fit the model contract.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._session = open_session(str(path))
        except ModelError as error:
            raise ModelError(
                f"CLASSIFIER_MODEL={path}: not a readable ONNX model ({error}); "
                "copy the file again or unset CLASSIFIER_MODEL for the bundled one"
            ) from error
        self._input = self._check(path)

    def classify(self, crops: Crops) -> Probabilities:
        """Return the probabilities, ``(n, 7) float32``, of ``(n, 48, 48) uint8`` faces."""
        if not len(crops):
            return np.zeros((0, len(LABELS)), np.float32)
        (probabilities,) = self._session.run(None, {self._input: crops})
        return np.asarray(probabilities, np.float32)

    def _check(self, path: Path) -> str:
        """Hold inputs and outputs against the model contract; return the input's name."""
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        found = [(item.type, _free_batch(item.shape)) for item in (*inputs, *outputs)]
        wanted = [
            ("tensor(uint8)", ["n", FACE_SIZE_PX, FACE_SIZE_PX]),
            ("tensor(float)", ["n", len(LABELS)]),
        ]
        if found != wanted:
            raise ModelError(
                f"CLASSIFIER_MODEL={path}: expected one input {wanted[0]} and one output "
                f"{wanted[1]} for any n, got {found}; export it with `python -m training.train`"
            )
        return str(inputs[0].name)


def _free_batch(shape: list[int | str | None]) -> list[int | str | None]:
    """Call the first length ``n`` where it is free; a number there fits no other batch."""
    return [length if at or isinstance(length, int) else "n" for at, length in enumerate(shape)]
