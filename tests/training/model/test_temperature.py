from __future__ import annotations

import numpy as np
import pytest

from training.model.temperature import fit_temperature


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_blurred_the_logits_is_found(temperature: float) -> None:
    random = np.random.default_rng(1)
    logits = random.normal(0, 1.5, (20000, 7))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    # Labels drawn from the probabilities: at T = 1 these logits are calibrated.
    labels = (shares.cumsum(axis=1) < random.random((20000, 1))).sum(axis=1)
    sharpened = (logits * temperature).astype(np.float32)
    assert fit_temperature(sharpened, labels) == pytest.approx(temperature, rel=0.05)
