"""Takes the steps: losses, gradients, the moving average of weights, validation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.augment import resize_faces
from training.batches import Batch, batches_of_epoch
from training.config import ADAM, TrainingConfig, parse_stages, size_of_epoch
from training.dataset.faces import FaceSet
from training.network import build_training_network
from training.progress import progress_bar

VALIDATION_BATCH = 256


@dataclass(frozen=True, slots=True)
class Scores:
    """Mean cross-entropy in nats, and the share that is right."""

    loss: float
    accuracy: float


class Trainer:
    """The state of a run: network, its averaged copy, optimizer."""

    def __init__(self, config: TrainingConfig) -> None:
        keras.utils.set_random_seed(config.seed)
        self.config = config
        self.network = build_training_network(config)
        self.averaged = build_training_network(config)
        self.averaged.set_weights(self.network.get_weights())
        self.optimizer = _make_optimizer(config)
        self.optimizer.build(self.network.trainable_variables)
        self._take_step = tf.function(self._step, reduce_retracing=True)
        self._logits = tf.function(
            lambda images: self.averaged(images, training=False)[0], reduce_retracing=True
        )

    def train_epoch(
        self, faces: FaceSet, targets: NDArray[np.float32], epoch: int, rates: Sequence[float]
    ) -> Scores:
        """Takes all steps of ``epoch``, counted from 0, and returns the scores on the way.

        Args:
            faces: to learn from.
            targets: ``(n, 7) float32``, for each face the probabilities of its label.
            epoch: counted from 0.
            rates: learning rate of each of its steps.
        """
        size_px = size_of_epoch(parse_stages(self.config.stages), epoch)
        steps = len(rates)
        batches = batches_of_epoch(faces, targets, epoch, size_px, self.config)
        losses, rights = [], []
        bar = progress_bar(batches, f"epoch {epoch + 1} ({size_px} px)", "step", total=steps)
        for number, batch in enumerate(bar):
            loss, right = self._fit(batch, epoch * steps + number, rates[number])
            losses.append(loss)
            rights.append(right)
            bar.set_postfix(loss=f"{np.mean(losses):.3f}", acc=f"{np.mean(rights):.3f}")
        return Scores(float(np.mean(losses)), float(np.mean(rights)))

    def validate(self, faces: FaceSet, size_px: int) -> Scores:
        """Returns the scores of the averaged network on ``faces`` at ``size_px``."""
        logits = self.predict_logits(resize_faces(faces.images, size_px))
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        loss = -log_probabilities[np.arange(len(faces)), faces.labels].mean()
        return Scores(float(loss), float((logits.argmax(axis=1) == faces.labels).mean()))

    def predict_logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Returns ``(n, 7) float32`` logits of the averaged network."""
        parts = [
            self._logits(tf.constant(images[start : start + VALIDATION_BATCH, :, :, None])).numpy()
            for start in range(0, len(images), VALIDATION_BATCH)
        ]
        return np.concatenate(parts)

    def _fit(self, batch: Batch, step: int, rate: float) -> tuple[float, float]:
        """Takes one step; returns its loss and accuracy."""
        self.optimizer.learning_rate = rate
        # Young averages follow the weights more closely, or they would remember the random start.
        decay = min(self.config.average_decay, (1 + step) / (10 + step))
        loss, right = self._take_step(
            tf.constant(batch.images[..., None]),
            tf.constant(batch.labels),
            tf.constant(batch.targets),
            tf.constant(batch.votes),
            tf.constant(decay if self.config.average_decay else 0.0, tf.float32),
        )
        return float(loss), float(right)

    def _step(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        targets: tf.Tensor,
        votes: tf.Tensor,
        decay: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The graph of one step."""
        with tf.GradientTape() as tape:
            expression, ferplus = self.network(images, training=True)
            loss = _cross_entropy(expression, targets)
            total = loss + self.config.ferplus_weight * _cross_entropy(ferplus, votes)
        variables = self.network.trainable_variables
        gradients = tape.gradient(total, [variable.value for variable in variables])
        self.optimizer.apply_gradients(
            zip(self._with_decay(gradients, variables), variables, strict=True)
        )
        for average, weight in zip(self.averaged.weights, self.network.weights, strict=True):
            average.assign(decay * average + (1.0 - decay) * weight)
        right = tf.equal(tf.argmax(expression, axis=1), labels)
        return loss, tf.reduce_mean(tf.cast(right, tf.float32))

    def _with_decay(
        self, gradients: Iterable[tf.Tensor], variables: Iterable[keras.Variable]
    ) -> list[tf.Tensor]:
        """Adds the gradient of weight decay to those of kernels, not of biases and norms."""
        return [
            gradient + self.config.weight_decay * variable if len(variable.shape) > 1 else gradient
            for gradient, variable in zip(gradients, variables, strict=True)
        ]


def _make_optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """Returns the optimizer; every step sets its rate."""
    if config.optimizer == ADAM:
        return keras.optimizers.Adam(learning_rate=0.0)
    return keras.optimizers.SGD(learning_rate=0.0, momentum=config.momentum, nesterov=True)


def use_threads(count: int) -> None:
    """Lets one operation use ``count`` threads; to be called before any other of TensorFlow."""
    tf.config.threading.set_intra_op_parallelism_threads(count)


def _cross_entropy(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Returns the mean over faces; a face whose targets are all 0, without votes, adds nothing."""
    return tf.reduce_mean(-tf.reduce_sum(targets * tf.nn.log_softmax(logits), axis=1))
