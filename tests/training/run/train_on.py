"""Trains a little and classifies, to compare what comes of it on other backends and devices.

``python -m tests.training.run.train_on FOLDER`` does all of it in a process of its own, on two
devices. FOLDER holds ``weights.npz`` to begin with, ``faces.npy`` and a model file.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from common.face_model import BUNDLED_MODEL_DIR
from tests.training.synthetic_faces import make_faces
from tests.training.tiny_run import TINY, Killed, kill_at_step
from training.data.splits import TrainingData
from training.model.model_files import KERAS_NAME
from training.model.predictor import open_model, predict_all
from training.run.checkpoint import load_run
from training.run.devices import all_devices, prepare_devices
from training.run.loop import run_training
from training.run.schedule import rates_of_epoch
from training.run.targets import label_targets
from training.run.trainer import Trainer

# The random numbers of dropout are not the same on every backend.
CONFIG = dataclasses.replace(TINY, stages="2x48", dropout=0.0, precision="float32")
FACES = 64
STEPS = FACES // CONFIG.batch_size

Answers = dict[str, NDArray[Any]]


def learn(weights: Path) -> Answers:
    """Train an epoch from the ``weights`` in a file, which is made where it is not there."""
    faces = make_faces(FACES, seed=1)
    devices = all_devices(CONFIG.batch_size)
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
        "devices": np.array(devices.num_model_replicas if devices else 1),
        "scores": np.array(dataclasses.astuple(scores) + dataclasses.astuple(validated)),
        "logits": trainer.predict_logits(faces.images),
        "trained": np.concatenate([w.ravel() for w in trainer.learner.network.get_weights()]),
        "averaged": np.concatenate([w.ravel() for w in trainer.learner.averaged.get_weights()]),
    }


def resume() -> Answers:
    """Train two epochs, with dropout and bfloat16, at once and with a stop in the second."""
    data = TrainingData(make_faces(FACES, seed=1), make_faces(28, seed=2, first=FACES), 0)
    config = dataclasses.replace(CONFIG, dropout=0.2, precision="mixed_bfloat16")
    answers: Answers = {}
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as stopped:
        run_training(data, config, Path(whole))
        with pytest.MonkeyPatch.context() as patched:
            kill_at_step(patched, STEPS + 1)
            with pytest.raises(Killed):
                run_training(data, config, Path(stopped))
        assert len(load_run(Path(stopped)).progress.history) == 1
        run_training(data, config, Path(stopped))
        for name, folder in (("whole", whole), ("stopped", stopped)):
            state = load_run(Path(folder)).state
            answers[name] = np.concatenate(
                [np.ravel(value).astype(np.float64) for group in state.values() for value in group]
            )
    return answers


def answer_all(folder: Path) -> Answers:
    """Do everything that is compared, on one of the devices and on all."""
    prepare_devices(2)
    devices = keras.distribution.list_devices()
    answers = {"backend": np.array(keras.backend.backend())} | resume()
    for name, used in (("one", devices[:1]), ("two", devices)):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(keras.distribution, "list_devices", lambda used=used: used)
            learned = learn(folder / "weights.npz")
        answers |= {f"{name}/{key}": value for key, value in learned.items()}
    faces = np.load(folder / "faces.npy")
    for name, model in (("untrained", folder), ("bundled", BUNDLED_MODEL_DIR)):
        answers[name] = predict_all(open_model(model / KERAS_NAME), faces)
    return answers


if __name__ == "__main__":
    np.savez(Path(sys.argv[1]) / "answers.npz", allow_pickle=False, **answer_all(Path(sys.argv[1])))
