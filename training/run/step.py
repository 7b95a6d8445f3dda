"""What one step of training is given and gives, on any backend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from training.config import TrainingConfig
from training.run.batches import TrainingBatch

Tensor = Any
"""A tensor of the backend in use."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step to take.

    Attributes:
        batch: Faces to learn from.
        rate: The learning rate.
        decay: Share of the averaged weights that stays as it is, 0 to 1.
    """

    batch: TrainingBatch
    rate: float
    decay: float


@dataclass(frozen=True, slots=True)
class Learner:
    """What changes in training.

    Attributes:
        network: Leads from ``(n, size, size, 1) uint8`` to the logits of both heads.
        averaged: The same network with the moving average of the weights.
        optimizer: Optimizer of the trainable weights of ``network``.
        config: Hyperparameters of the run.
    """

    network: keras.Model
    averaged: keras.Model
    optimizer: keras.optimizers.Optimizer
    config: TrainingConfig


class Stepper(Protocol):
    """Takes the steps of a ``Learner`` on one backend."""

    def take(self, steps: Iterable[Step]) -> Iterator[tuple[float, float]]:
        """Take ``steps``; yield loss and accuracy of each.

        The learner holds the new weights for certain only once all is taken.
        """
        ...

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return ``(n, 7)`` logits of the averaged network for ``(n, size, size, 1)`` images."""
        ...


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean over faces, in nats; a face whose targets are all 0 adds nothing.

    Args:
        logits: ``(n, classes) float32``.
        targets: ``(n, classes) float32`` probabilities.
    """
    log_probabilities = keras.ops.log_softmax(logits, axis=-1)
    return keras.ops.mean(-keras.ops.sum(targets * log_probabilities, axis=-1))


def add_weight_decay(gradient: Tensor, weight: Tensor, decay: float) -> Tensor:
    """Add ``decay`` times a kernel to its gradient, of the same shape; vectors have no decay."""
    return gradient + decay * weight if len(weight.shape) > 1 else gradient


def share_right(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the share of faces whose largest of ``(n, 7)`` logits is that of ``(n,)`` labels."""
    right = keras.ops.equal(keras.ops.argmax(logits, axis=-1), labels)
    return keras.ops.mean(keras.ops.cast(right, "float32"))
