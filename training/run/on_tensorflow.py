"""Steps on TensorFlow, on the processor or one GPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.run.step import Learner, Step, add_weight_decay, cross_entropy, share_right


class TensorFlowStepper:
    """Takes the steps of ``learner``, whose variables it changes in place."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._take = tf.function(self._step, reduce_retracing=True)
        self._logits = tf.function(
            lambda images: learner.averaged(images, training=False)[0], reduce_retracing=True
        )

    def take(self, steps: Iterable[Step]) -> Iterator[tuple[float, float]]:
        """Take ``steps``; yield loss and accuracy of each."""
        for step in steps:
            self._learner.optimizer.learning_rate = step.rate
            loss, right = self._take(
                tf.constant(step.batch.images[..., None]),
                tf.constant(step.batch.labels),
                tf.constant(step.batch.targets),
                tf.constant(step.batch.votes),
                tf.constant(step.decay, tf.float32),
            )
            yield float(loss), float(right)

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return ``(n, 7)`` logits of the averaged network for ``(n, size, size, 1)`` images."""
        return np.asarray(self._logits(tf.constant(images)).numpy())

    def _step(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        targets: tf.Tensor,
        votes: tf.Tensor,
        decay: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Take one step, as a graph; return its loss and the share that is right."""
        learner = self._learner
        with tf.GradientTape() as tape:
            expression, ferplus = learner.network(images, training=True)
            loss = cross_entropy(expression, targets)
            total = loss + learner.config.ferplus_weight * cross_entropy(ferplus, votes)
        variables = learner.network.trainable_variables
        values = [variable.value for variable in variables]
        gradients = [
            add_weight_decay(gradient, value, learner.config.weight_decay)
            for gradient, value in zip(tape.gradient(total, values), values, strict=True)
        ]
        learner.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        for average, weight in zip(learner.averaged.weights, learner.network.weights, strict=True):
            average.assign(decay * average + (1.0 - decay) * weight)
        return loss, share_right(expression, labels)
