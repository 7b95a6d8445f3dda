"""Trains epochs and validates: what a run does, on whichever backend Keras uses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from common.progress_bar import progress_bar
from training.config import ADAM, TrainingConfig
from training.data.faces import FaceSet
from training.metrics import percent
from training.model.network import build_training_network
from training.run.augment import resize_faces
from training.run.batches import batches_of_epoch
from training.run.devices import all_devices
from training.run.step import Learner, Step, Stepper

VALIDATION_BATCH = 256


@dataclass(frozen=True, slots=True)
class Scores:
    """Mean cross-entropy in nats, and the share that is right."""

    loss: float
    accuracy: float


class Trainer:
    """A network in training.

    Args:
        config: Hyperparameters.
        batch_size: Faces a batch really has.

    Raises:
        ConfigError: Its batches cannot be divided among the devices.
    """

    def __init__(self, config: TrainingConfig, batch_size: int) -> None:
        devices = all_devices(batch_size)
        keras.utils.set_random_seed(config.seed)
        with devices.scope() if devices else nullcontext():
            self.learner = _make_learner(config)
        self._stepper = _make_stepper(self.learner, devices)
        parts = devices.num_model_replicas if devices else 1
        self._validation_batch = math.ceil(VALIDATION_BATCH / parts) * parts
        self.config = config

    def train_epoch(
        self, faces: FaceSet, targets: NDArray[np.float32], epoch: int, rates: Sequence[float]
    ) -> Scores:
        """Take all steps of ``epoch``, counted from 0, and return the scores on the way.

        Args:
            faces: The faces to learn from.
            targets: ``(n, 7) float32``, for each face the probabilities of its label.
            epoch: Counted from 0.
            rates: Learning rate of each of its steps.
        """
        losses, rights = [], []
        taken = self._stepper.take(self._steps(faces, targets, epoch, rates))
        size_px = self.config.sizes_px[epoch]
        bar = progress_bar(taken, f"epoch {epoch + 1} ({size_px} px)", "step", total=len(rates))
        for loss, right in bar:
            losses.append(loss)
            rights.append(right)
            bar.set_postfix(loss=f"{np.mean(losses):.3f}", acc=percent(float(np.mean(rights))))
        return Scores(float(np.mean(losses)), float(np.mean(rights)))

    def validate(self, faces: FaceSet, size_px: int) -> Scores:
        """Return the scores of the averaged network on ``faces`` at ``size_px``."""
        logits = self.predict_logits(resize_faces(faces.images, size_px))
        loss = -log_softmax(logits, axis=1)[np.arange(len(faces)), faces.labels].mean()
        return Scores(float(loss), float((logits.argmax(axis=1) == faces.labels).mean()))

    def predict_logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return ``(n, 7) float32`` logits of the averaged network for ``(n, size, size)``."""
        parts = []
        size = self._validation_batch
        for start in range(0, len(images), size):
            part = images[start : start + size, :, :, None]
            # One size of batch: it can be divided among devices, and is compiled for once.
            padding = ((0, size - len(part)), (0, 0), (0, 0), (0, 0))
            parts.append(self._stepper.logits(np.pad(part, padding))[: len(part)])
        return np.concatenate(parts)

    def _steps(
        self, faces: FaceSet, targets: NDArray[np.float32], epoch: int, rates: Sequence[float]
    ) -> Iterator[Step]:
        """Yield the steps of an epoch."""
        size_px = self.config.sizes_px[epoch]
        batches = batches_of_epoch(faces, targets, epoch, size_px, self.config)
        first = epoch * len(rates)
        for step, (batch, rate) in enumerate(zip(batches, rates, strict=True), start=first):
            # Young averages follow the weights closely, or they would remember the random start.
            decay = min(self.config.average_decay, (1 + step) / (10 + step))
            yield Step(batch, rate, decay)


def _make_learner(config: TrainingConfig) -> Learner:
    """Return a network with random weights, its copy and the optimizer."""
    network = build_training_network(config)
    averaged = build_training_network(config)
    averaged.set_weights(network.get_weights())
    optimizer = _make_optimizer(config)
    optimizer.build(network.trainable_variables)
    return Learner(network, averaged, optimizer, config)


def _make_optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """Return the optimizer; every step sets its rate."""
    if config.optimizer == ADAM:
        return keras.optimizers.Adam(learning_rate=0.0)
    return keras.optimizers.SGD(learning_rate=0.0, momentum=config.momentum, nesterov=True)


def _make_stepper(learner: Learner, devices: keras.distribution.DataParallel | None) -> Stepper:
    """Return what takes steps on the backend in use."""
    if keras.backend.backend() == "jax":
        from training.run.on_jax import JaxStepper  # noqa: PLC0415  # JAX may not be installed

        return JaxStepper(learner, devices)
    from training.run.on_tensorflow import TensorFlowStepper  # noqa: PLC0415

    return TensorFlowStepper(learner)
