"""Writes trained weights as the two files of a model, and checks that they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from common.errors import ModelError
from training.config import TrainingConfig
from training.faces import FaceSet
from training.macs import count_macs
from training.network import (
    EXPRESSION_HEAD,
    build_exported_network,
    build_training_network,
    copy_weights,
)
from training.onnx_graph import write_onnx
from training.predictor import BATCH, open_model, predict_all
from training.temperature import fit_temperature

KERAS_NAME = "expression.keras"
ONNX_NAME = "expression.onnx"
MAX_ONNX_BYTES = 10 * 2**20
MAX_MACS = 160_000_000
AGREEMENT = 1e-4
"""Largest difference of a probability between the two files."""
AGREEMENT_FACES = 256


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a written model is.

    Attributes:
        temperature: that its logits were divided by, fitted on validation.
        macs: multiply-accumulate operations a face.
        parameters: numbers it holds, the statistics of batch normalisation included.
        largest_difference: of a probability between the Keras and the ONNX file.
    """

    temperature: float
    macs: int
    parameters: int
    largest_difference: float


def write_model_files(
    config: TrainingConfig,
    weights: Sequence[NDArray[np.generic]],
    validation: FaceSet,
    folder: Path,
) -> ModelFacts:
    """Writes ``expression.keras`` and ``expression.onnx`` into ``folder``.

    Args:
        config: of the run.
        weights: of its averaged training network.
        validation: faces to fit the temperature and to compare the two files on.
        folder: exists.

    Raises:
        ModelError: if the model is too large, or the two files do not agree.
    """
    trained = build_training_network(config)
    trained.set_weights(list(weights))
    model = build_exported_network(config)
    copy_weights(trained, model)
    temperature = fit_temperature(_logits(model, validation), validation.labels)
    _divide_logits(model, temperature)
    model.save(folder / KERAS_NAME)
    write_onnx(model, folder / ONNX_NAME)
    facts = ModelFacts(
        temperature=temperature,
        macs=count_macs(model),
        parameters=model.count_params(),
        largest_difference=_largest_difference(folder, validation),
    )
    _check(facts, (folder / ONNX_NAME).stat().st_size)
    return facts


def _logits(model: keras.Model, faces: FaceSet) -> NDArray[np.float32]:
    """Returns ``(n, 7) float32`` logits of the exported network."""
    head = keras.Model(model.input, model.get_layer(EXPRESSION_HEAD).output)
    parts = [
        np.asarray(head(faces.images[start : start + BATCH], training=False))
        for start in range(0, len(faces), BATCH)
    ]
    return np.concatenate(parts)


def _divide_logits(model: keras.Model, temperature: float) -> None:
    """Builds the temperature into the last layer, so that it costs nothing and travels along."""
    head = model.get_layer(EXPRESSION_HEAD)
    head.set_weights([weight / temperature for weight in head.get_weights()])


def _largest_difference(folder: Path, faces: FaceSet) -> float:
    """Returns the largest difference of a probability between the two written files."""
    images = faces.images[:AGREEMENT_FACES]
    of_keras, of_onnx = (
        predict_all(open_model(folder / name), images) for name in (KERAS_NAME, ONNX_NAME)
    )
    return float(np.abs(of_keras - of_onnx).max())


def _check(facts: ModelFacts, onnx_bytes: int) -> None:
    """Refuses a model that the pipeline could not use."""
    limits = (
        ("MACs a face", facts.macs, MAX_MACS),
        ("bytes of ONNX", onnx_bytes, MAX_ONNX_BYTES),
        ("difference of Keras and ONNX", facts.largest_difference, AGREEMENT),
    )
    for name, value, limit in limits:
        if value > limit:
            raise ModelError(f"the exported model has {name} {value}, allowed: {limit}")
