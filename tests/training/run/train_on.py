"""Trains a little in a process of its own, on the backend and devices its environment names.

``python -m tests.training.run.train_on weights.npz answers.npz COMMAND``, where COMMAND is
``learn`` or ``resume``.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from tests.training.synthetic_faces import make_faces
from training.config import TrainingConfig
from training.data.splits import TrainingData
from training.run.checkpoint import load_run
from training.run.devices import prepare_devices
from training.run.loop import run_training
from training.run.schedule import rates_of_epoch
from training.run.targets import label_targets
from training.run.trainer import Trainer

CONFIG = TrainingConfig(
    stages="2x48",
    widths="4,8",
    depths="2,3",
    batch_size=16,
    warmup_epochs=0.5,
    average_decay=0.8,
    dropout=0.0,  # its random numbers are not the same on every backend
    precision="float32",
)
FACES = 64
STEPS = FACES // CONFIG.batch_size


def learn(weights: Path) -> dict[str, NDArray[np.generic]]:
    """Trains an epoch from the ``weights`` in a file, which is made where it is not there."""
    faces = make_faces(FACES, seed=1)
    trainer = Trainer(CONFIG, CONFIG.batch_size)
    if weights.exists():
        with np.load(weights) as saved:
            for network in (trainer.learner.network, trainer.learner.averaged):
                network.set_weights([saved[name] for name in saved.files])
    else:
        np.savez(weights, *trainer.learner.network.get_weights())
    rates = rates_of_epoch(CONFIG, 0, STEPS, ())
    scores = trainer.train_epoch(faces, label_targets(faces, CONFIG), 0, rates)
    validated = trainer.validate(faces, 48)
    return {
        "scores": np.array(dataclasses.astuple(scores) + dataclasses.astuple(validated)),
        "logits": trainer.predict_logits(faces.images),
        "trained": np.concatenate([w.ravel() for w in trainer.learner.network.get_weights()]),
        "averaged": np.concatenate([w.ravel() for w in trainer.learner.averaged.get_weights()]),
    }


def resume() -> dict[str, NDArray[np.generic]]:
    """Trains two epochs, with dropout and bfloat16, at once and with a stop in the second."""
    config = dataclasses.replace(CONFIG, dropout=0.2, precision="mixed_bfloat16")
    data = TrainingData(make_faces(FACES, seed=1), make_faces(28, seed=2, first=FACES), 0)
    answers = {}
    draw = Trainer._steps
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as stopped:
        run_training(data, config, Path(whole))
        Trainer._steps = _stop_in_second_epoch  # type: ignore[method-assign,assignment]
        try:
            run_training(data, config, Path(stopped))
        except KeyboardInterrupt:
            assert len(load_run(Path(stopped)).progress.history) == 1
        else:
            raise AssertionError("it was not stopped")
        Trainer._steps = draw  # type: ignore[method-assign]
        run_training(data, config, Path(stopped))
        for name, folder in (("whole", whole), ("stopped", stopped)):
            state = load_run(Path(folder)).state
            answers[name] = np.concatenate(
                [np.ravel(value).astype(np.float64) for group in state.values() for value in group]
            )
    return answers


def _stop_in_second_epoch(*arguments: object) -> Iterator[object]:
    steps = _DRAW(*arguments)  # type: ignore[arg-type]
    yield next(steps)
    if arguments[3] == 1:
        raise KeyboardInterrupt
    yield from steps


_DRAW = Trainer._steps

if __name__ == "__main__":
    prepare_devices(2)
    answers = resume() if sys.argv[3] == "resume" else learn(Path(sys.argv[1]))
    devices = len(keras.distribution.list_devices()) if keras.backend.backend() == "jax" else 1
    answers |= {"backend": np.array(keras.backend.backend()), "devices": np.array(devices)}
    np.savez(sys.argv[2], allow_pickle=False, **answers)
