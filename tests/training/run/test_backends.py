"""Training comes to the same on TensorFlow, on JAX, and on two devices of JAX; so do answers."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from common.face_model import BUNDLED_MODEL_DIR, Crops
from tests.training.run.train_on import Answers, learn
from training.model.model_files import AGREEMENT, KERAS_NAME, ONNX_NAME
from training.model.predictor import open_model, predict_all

ROOT = Path(__file__).resolve().parents[3]
# Two devices; and the compiler takes less than half the time where it does not optimise.
FLAGS = "--xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0"

pytestmark = [
    pytest.mark.timeout(400),  # JAX compiles everything in a fresh process
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed"),
]


@pytest.fixture(scope="module")
def on_tensorflow(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What an epoch on TensorFlow comes to, with the weights that it began with."""
    weights = tmp_path_factory.mktemp("start") / "weights.npz"
    learned = learn(weights)
    with np.load(weights) as saved:
        return learned | {name: saved[name] for name in saved.files}


@pytest.fixture(scope="module")
def on_jax(
    tmp_path_factory: pytest.TempPathFactory,
    on_tensorflow: Answers,
    untrained: Path,
    many_faces: Crops,
) -> Answers:
    """What ``train_on`` answers in a process of its own."""
    folder = tmp_path_factory.mktemp("jax")
    shutil.copy(untrained / KERAS_NAME, folder)
    np.save(folder / "faces.npy", many_faces)
    start = [value for name, value in on_tensorflow.items() if name.startswith("arr_")]
    np.savez(folder / "weights.npz", *start)
    subprocess.run(
        [sys.executable, "-m", "tests.training.run.train_on", folder],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": FLAGS},
        check=True,
    )
    with np.load(folder / "answers.npz") as saved:
        return {name: saved[name] for name in saved.files}


def test_an_epoch_is_the_same_on_every_backend_and_on_two_devices(
    on_tensorflow: Answers, on_jax: Answers
) -> None:
    assert str(on_jax["backend"]) == "jax"
    assert [int(on_jax[f"{run}/devices"]) for run in ("one", "two")] == [1, 2]
    for name in ("scores", "logits", "trained", "averaged"):
        one, two = on_jax[f"one/{name}"], on_jax[f"two/{name}"]
        np.testing.assert_allclose(one, on_tensorflow[name], rtol=3e-3, atol=3e-3)
        # Sums of parts are rounded differently, and nothing else differs.
        np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-4)
    arrays = [value.ravel() for name, value in on_tensorflow.items() if name.startswith("arr_")]
    moved = np.abs(on_tensorflow["trained"] - np.concatenate(arrays))
    assert moved.max() > 0.1, "an epoch changes much"


def test_a_stopped_run_on_two_devices_ends_as_if_it_had_not_been(on_jax: Answers) -> None:
    np.testing.assert_array_equal(on_jax["stopped"], on_jax["whole"])


@pytest.mark.parametrize("model", ["untrained", "bundled"])
def test_keras_on_jax_answers_as_on_tensorflow_and_as_onnx_does(
    model: str, untrained: Path, many_faces: Crops, on_jax: Answers
) -> None:
    folder = untrained if model == "untrained" else BUNDLED_MODEL_DIR
    assert on_jax[model].std(axis=0).max() > 0.05, "the images are told apart"
    for name in (KERAS_NAME, ONNX_NAME):
        answers = predict_all(open_model(folder / name), many_faces)
        assert np.abs(on_jax[model] - answers).max() < AGREEMENT
