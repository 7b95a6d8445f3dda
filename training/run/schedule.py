"""The learning rate of each step."""

from __future__ import annotations

import math
from collections.abc import Sequence

from training.config import PLATEAU, TrainingConfig

PLATEAU_FACTOR = 0.1
PLATEAU_PATIENCE = 2
PLATEAU_LEAST_SHARE = 0.02
PLATEAU_LEAST_GAIN = 1e-4
"""What the well-known scripts give ``keras.callbacks.ReduceLROnPlateau``: a tenth of the rate after
two epochs without a lower validation loss, never below 1e-5 of their 5e-4; the gain that counts is
the default of Keras."""


def rates_of_epoch(
    config: TrainingConfig, epoch: int, steps: int, validation_losses: Sequence[float]
) -> list[float]:
    """Return the learning rate of each step of ``epoch``.

    A cosine is half of one, as that of Loshchilov and Hutter (2017, arXiv:1608.03983), without
    restarts.

    Args:
        config: Hyperparameters of the run.
        epoch: Counted from 0.
        steps: Number of steps of every epoch.
        validation_losses: Validation losses of the epochs before this one.
    """
    warmup_steps = round(steps * config.warmup_epochs)
    falling_steps = steps * len(config.sizes_px) - warmup_steps
    peak = config.peak_rate
    if config.schedule == PLATEAU:
        peak = plateau_rate(peak, validation_losses)
    rates = []
    for step in range(epoch * steps, (epoch + 1) * steps):
        if step < warmup_steps:
            rates.append(peak * (step + 1) / warmup_steps)
        elif config.schedule == PLATEAU:
            rates.append(peak)
        else:
            progress = (step - warmup_steps) / falling_steps
            rates.append(peak * 0.5 * (1.0 + math.cos(math.pi * progress)))
    return rates


def plateau_rate(peak: float, losses: Sequence[float]) -> float:
    """Return the rate after epochs with these validation ``losses``: lower where they stood still.

    ``keras.callbacks.ReduceLROnPlateau`` as a function of the history, so that a run that was
    stopped goes on with the same rate.
    """
    rate, best, waited = peak, math.inf, 0
    for loss in losses:
        if loss < best - PLATEAU_LEAST_GAIN:
            best, waited = loss, 0
            continue
        waited += 1
        if waited == PLATEAU_PATIENCE:
            rate, waited = max(rate * PLATEAU_FACTOR, peak * PLATEAU_LEAST_SHARE), 0
    return rate
