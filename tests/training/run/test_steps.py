"""Training comes to the same on TensorFlow, on JAX, and on two devices of JAX."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
TWO_DEVICES = "--xla_force_host_platform_device_count=2"

# JAX compiles every step in a fresh process, slowly on a busy machine.
pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed"),
]


def run_training_on(
    backend: str, folder: Path, command: str = "learn", flags: str = ""
) -> dict[str, np.ndarray]:
    """Runs ``train_on`` in a process of its own; returns what it answers."""
    answers = folder / f"{backend}{len(flags)}.npz"
    program = [sys.executable, "-m", "tests.training.run.train_on"]
    subprocess.run(
        [*program, folder / "weights.npz", answers, command],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags},
        check=True,
    )
    with np.load(answers) as saved:
        return {name: saved[name] for name in saved.files}


def test_an_epoch_is_the_same_on_every_backend_and_on_two_devices(tmp_path: Path) -> None:
    tensorflow = run_training_on("tensorflow", tmp_path)
    one = run_training_on("jax", tmp_path)
    two = run_training_on("jax", tmp_path, flags=TWO_DEVICES)
    assert [str(run["backend"]) for run in (tensorflow, one, two)] == ["tensorflow", "jax", "jax"]
    assert [int(run["devices"]) for run in (tensorflow, one, two)] == [1, 1, 2]
    for run, tolerance in ((one, 3e-3), (two, 3e-3)):
        for name in ("scores", "logits", "trained", "averaged"):
            np.testing.assert_allclose(run[name], tensorflow[name], rtol=tolerance, atol=tolerance)
    # Sums of parts are rounded differently, and nothing else differs.
    for name in ("scores", "logits", "trained", "averaged"):
        np.testing.assert_allclose(two[name], one[name], rtol=1e-4, atol=1e-4)
    with np.load(tmp_path / "weights.npz") as saved:
        start = np.concatenate([saved[name].ravel() for name in saved.files])
    assert np.abs(tensorflow["trained"] - start).max() > 0.1, "an epoch changes much"


def test_a_stopped_run_on_two_devices_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    answers = run_training_on("jax", tmp_path, command="resume", flags=TWO_DEVICES)
    assert int(answers["devices"]) == 2
    np.testing.assert_array_equal(answers["stopped"], answers["whole"])
