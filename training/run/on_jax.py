"""Steps on JAX, on all GPUs of the machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import jax
import keras
import numpy as np
from numpy.typing import NDArray

from training.run.step import Learner, Step, Tensor, add_weight_decay, cross_entropy, share_right


class _State(NamedTuple):
    """Values of everything that changes.

    Attributes:
        trainable: Values of the network's trainable variables.
        rest: Its batch statistics and random seeds.
        averaged: Values of the averaged network's weights.
        optimizer: Values of its variables.
    """

    trainable: list[Tensor]
    rest: list[Tensor]
    averaged: list[Tensor]
    optimizer: list[Tensor]


class JaxStepper:
    """Takes the steps of ``learner``.

    Where its variables were made within the scope of a ``keras.distribution.DataParallel``, each
    device works on its part of every batch; batch statistics and gradients are those of the whole.
    """

    def __init__(self, learner: Learner, devices: keras.distribution.DataParallel | None) -> None:
        self._learner = learner
        self._devices = devices
        self._take = jax.jit(self._step)
        self._logits = jax.jit(self._averaged_logits)

    def take(self, steps: Iterable[Step]) -> Iterator[tuple[float, float]]:
        """Take ``steps``; yield loss and accuracy of each. The variables change at the end."""
        variables = _State(
            self._learner.network.trainable_variables,
            self._learner.network.non_trainable_variables,
            self._learner.averaged.weights,
            self._learner.optimizer.variables,
        )
        state = _State(*([variable.value for variable in group] for group in variables))
        for step in steps:
            batch = step.batch
            arrays = (batch.images[..., None], batch.labels, batch.targets, batch.votes)
            state, loss, right = self._take(
                state,
                [self._share(array) for array in arrays],
                np.float32(step.rate),
                np.float32(step.decay),
            )
            yield float(loss), float(right)
        for group, values in zip(variables, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return ``(n, 7)`` logits of the averaged network for ``(n, size, size, 1)`` images."""
        averaged = self._learner.averaged
        return np.asarray(
            self._logits(
                [variable.value for variable in averaged.trainable_variables],
                [variable.value for variable in averaged.non_trainable_variables],
                self._share(images),
            )
        )

    def _share(self, array: NDArray[Any]) -> Tensor:
        """Divide the first axis among the devices."""
        if self._devices is None:
            return array
        layout = self._devices.get_data_layout(array.shape)
        return keras.distribution.distribute_tensor(array, layout)

    def _step(
        self, state: _State, batch: list[Tensor], rate: Tensor, decay: Tensor
    ) -> tuple[_State, Tensor, Tensor]:
        """Return the state after one step, its loss and the share that is right."""
        images, labels, targets, votes = batch
        network, config = self._learner.network, self._learner.config

        def losses(trainable: list[Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor, list[Tensor]]]:
            (expression, ferplus), rest = network.stateless_call(
                trainable, state.rest, images, training=True
            )
            loss = cross_entropy(expression, targets)
            total = loss + config.ferplus_weight * cross_entropy(ferplus, votes)
            return total, (loss, expression, rest)

        gradients, (loss, expression, rest) = jax.grad(losses, has_aux=True)(state.trainable)
        gradients = [
            add_weight_decay(gradient, value, config.weight_decay)
            for gradient, value in zip(gradients, state.trainable, strict=True)
        ]
        trainable, optimizer = self._learner.optimizer.stateless_apply(
            self._with_rate(state.optimizer, rate), gradients, state.trainable
        )
        averaged = [
            decay * average + (1.0 - decay) * weight
            for average, weight in zip(state.averaged, self._weights(trainable, rest), strict=True)
        ]
        return _State(trainable, rest, averaged, optimizer), loss, share_right(expression, labels)

    def _averaged_logits(
        self, trainable: list[Tensor], rest: list[Tensor], images: Tensor
    ) -> Tensor:
        """Return what ``logits`` does, as a graph."""
        (logits, _ferplus), _rest = self._learner.averaged.stateless_call(
            trainable, rest, images, training=False
        )
        return logits

    def _with_rate(self, values: list[Tensor], rate: Tensor) -> list[Tensor]:
        """Return the values of the optimizer's variables with ``rate`` for the learning rate."""
        optimizer = self._learner.optimizer
        return [
            rate if variable is optimizer.learning_rate else value
            for variable, value in zip(optimizer.variables, values, strict=True)
        ]

    def _weights(self, trainable: list[Tensor], rest: list[Tensor]) -> list[Tensor]:
        """Return the values in the order of ``network.weights``, which leave out random seeds."""
        network = self._learner.network
        variables = [*network.trainable_variables, *network.non_trainable_variables]
        values = {
            variable.path: value
            for variable, value in zip(variables, [*trainable, *rest], strict=True)
        }
        return [values[variable.path] for variable in network.weights]
