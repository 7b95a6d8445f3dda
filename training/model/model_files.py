"""Writes trained weights as model files, and checks that they agree.

``expression.keras`` and ``expression.onnx`` are the model. ``ferplus.onnx`` is the same network
with its second head: what the FER+ voters would say, without contempt, in the same contract.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from common.errors import ModelError
from common.face_model import Crops
from common.files import replacing
from training.config import TrainingConfig
from training.data.faces import VOTE_NAMES, VOTE_OF_LABEL, FaceSet, majority_labels
from training.model.network import (
    EXPRESSION_HEAD,
    FERPLUS_HEAD,
    build_exported_network,
    build_training_network,
    copy_weights,
)
from training.model.onnx_graph import write_onnx
from training.model.predictor import open_model, predict_all
from training.model.temperature import fit_temperature

KERAS_NAME = "expression.keras"
ONNX_NAME = "expression.onnx"
FERPLUS_NAME = "ferplus.onnx"
AGREEMENT = 1e-4
"""Largest difference of a probability between the two files."""
AGREEMENT_FACES = 256


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a written model is.

    Attributes:
        temperature: What its logits were divided by, fitted on validation.
        ferplus_temperature: Temperature of the second head; None where nobody voted.
        macs: Multiply-accumulate operations a face.
        parameters: Numbers it holds, the statistics of batch normalisation included.
        largest_difference: Largest of a probability between the Keras and the ONNX file.
    """

    temperature: float
    ferplus_temperature: float | None
    macs: int
    parameters: int
    largest_difference: float


def write_model_files(
    config: TrainingConfig,
    weights: Sequence[NDArray[np.generic]],
    validation: FaceSet,
    folder: Path,
) -> ModelFacts:
    """Write the files of a model into ``folder``; ``ferplus.onnx`` only where there are votes.

    Args:
        config: Hyperparameters of the run.
        weights: Weights of its averaged training network.
        validation: Faces to fit the temperatures and to compare two files on.
        folder: Where to write; it exists.

    Raises:
        ModelError: The two files do not agree.
    """
    trained = build_training_network(config)
    trained.set_weights(list(weights))
    model = build_exported_network(config)
    copy_weights(trained, model)
    temperature = _calibrate(model, validation.images, validation.labels)
    with replacing(folder / KERAS_NAME) as new:
        model.save(new)
    write_onnx(model, folder / ONNX_NAME)
    facts = ModelFacts(
        temperature=temperature,
        ferplus_temperature=_write_ferplus(config, trained, model, validation, folder),
        macs=count_macs(model),
        parameters=model.count_params(),
        largest_difference=_largest_difference(folder, validation),
    )
    if facts.largest_difference > AGREEMENT:
        raise ModelError(
            f"{KERAS_NAME} and {ONNX_NAME} differ by {facts.largest_difference} in a probability, "
            f"allowed: {AGREEMENT}"
        )
    return facts


def count_macs(model: keras.Model) -> int:
    """Return the multiply-accumulate operations of one face, convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            positions = math.prod(layer.output.shape[1:3])
            total += positions * math.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total


def _write_ferplus(
    config: TrainingConfig,
    trained: keras.Model,
    model: keras.Model,
    validation: FaceSet,
    folder: Path,
) -> float | None:
    """Write ``model`` with the second head of ``trained``; return that head's temperature.

    Where that head learned nothing, or there are no votes to calibrate it, there is nothing to
    write, and an older file is removed: it would be of another model.
    """
    file = folder / FERPLUS_NAME
    majority = majority_labels(validation)
    voted = np.flatnonzero(majority >= 0)
    if not config.ferplus_weight or not len(voted):
        file.unlink(missing_ok=True)
        return None
    columns = [VOTE_NAMES.index(name) for name in VOTE_OF_LABEL]
    kernel, bias = trained.get_layer(FERPLUS_HEAD).get_weights()
    # Softmax over seven of the eight logits is what the eight say if it is not contempt.
    model.get_layer(EXPRESSION_HEAD).set_weights([kernel[:, columns], bias[columns]])
    temperature = _calibrate(model, validation.images[voted], majority[voted])
    write_onnx(model, file)
    return temperature


def _calibrate(model: keras.Model, images: Crops, labels: NDArray[np.int64]) -> float:
    """Build the best temperature into the last layer, where it costs nothing; return it."""
    head = model.get_layer(EXPRESSION_HEAD)
    to_logits = keras.Model(model.input, head.output)
    logits = predict_all(lambda faces: np.asarray(to_logits(faces, training=False)), images)
    temperature = fit_temperature(logits, labels)
    head.set_weights([weight / temperature for weight in head.get_weights()])
    return temperature


def _largest_difference(folder: Path, faces: FaceSet) -> float:
    """Return the largest difference of a probability between the two written files."""
    images = faces.images[:AGREEMENT_FACES]
    of_keras, of_onnx = (
        predict_all(open_model(folder / name), images) for name in (KERAS_NAME, ONNX_NAME)
    )
    return float(np.abs(of_keras - of_onnx).max())
