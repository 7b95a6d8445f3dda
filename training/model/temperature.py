"""One temperature that makes confidence match accuracy (Guo et al., 2017, arXiv:1706.04599)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

LOWEST, HIGHEST = 0.05, 20.0


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the T at which ``softmax(logits / T)`` has the least negative log likelihood.

    That likelihood has one minimum in 1 / T.

    Args:
        logits: ``(n, 7) float32`` of faces that were not learned from.
        labels: ``(n,) int64``.
    """

    def loss(inverse: float) -> float:
        log_probabilities = log_softmax(logits.astype(np.float64) * inverse, axis=1)
        return float(-log_probabilities[np.arange(len(labels)), labels].mean())

    bounds = (1 / HIGHEST, 1 / LOWEST)
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    return 1 / float(found.x)
