from __future__ import annotations

import math
from itertools import pairwise

import keras
import numpy as np
import pytest

from training.config import TrainingConfig
from training.run.schedule import plateau_rate, rates_of_epoch


def test_the_rate_climbs_and_then_falls_to_nothing() -> None:
    config = TrainingConfig(stages="10x48", warmup_epochs=1.0, peak_rate=0.2)
    rates = [rate for epoch in range(10) for rate in rates_of_epoch(config, epoch, 10, ())]
    assert rates[:10] == pytest.approx([0.02 * (step + 1) for step in range(10)])
    assert max(rates) == pytest.approx(0.2)
    assert all(after <= before for before, after in pairwise(rates[9:]))
    assert rates[55] == pytest.approx(0.1)
    assert 0 < rates[-1] < 0.001


def test_a_run_without_warm_up_starts_at_the_peak() -> None:
    config = TrainingConfig(stages="2x48", warmup_epochs=0.0, peak_rate=0.1)
    assert rates_of_epoch(config, 0, 5, ())[0] == pytest.approx(0.1)


def test_a_plateau_lowers_the_rate_of_every_step() -> None:
    config = TrainingConfig(
        stages="9x48", schedule="plateau", warmup_epochs=1.0, peak_rate=0.1, network="classic"
    )
    assert rates_of_epoch(config, 0, 2, ()) == pytest.approx([0.05, 0.1])
    assert rates_of_epoch(config, 3, 2, (1.0, 0.9, 0.8)) == pytest.approx([0.1, 0.1])
    assert rates_of_epoch(config, 3, 2, (1.0, 1.1, 1.2)) == pytest.approx([0.01, 0.01])


def test_the_rate_on_a_plateau_is_that_of_keras() -> None:
    random = np.random.default_rng(5)
    losses = [float(loss) for loss in 1.2 - 0.01 * np.arange(40) + random.normal(0, 0.03, 40)]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(5e-4), "mse")
    callback = keras.callbacks.ReduceLROnPlateau(factor=0.1, patience=2, min_lr=1e-5)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        expected = float(model.optimizer.learning_rate.numpy())
        assert math.isclose(plateau_rate(5e-4, losses[: epoch + 1]), expected, rel_tol=1e-5)
    assert expected == pytest.approx(1e-5)
