"""One temperature that makes confidence match accuracy (Guo et al., 2017, arXiv:1706.04599)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = 0.05, 20.0
_ROUNDS = 60
_GOLDEN = (5**0.5 - 1) / 2


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the T at which ``softmax(logits / T)`` has the least negative log likelihood.

    That likelihood has one minimum in 1 / T, found by golden-section search.

    Args:
        logits: ``(n, 7) float32`` of faces that were not learned from.
        labels: ``(n,) int64``.
    """
    low, high = 1 / HIGHEST, 1 / LOWEST
    for _ in range(_ROUNDS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if _loss(logits, labels, left) < _loss(logits, labels, right):
            high = right
        else:
            low = left
    return 2 / (low + high)


def _loss(logits: NDArray[np.float32], labels: NDArray[np.int64], inverse: float) -> float:
    """Return the mean negative log likelihood at temperature ``1 / inverse``."""
    scaled = logits.astype(np.float64) * inverse
    scaled -= scaled.max(axis=1, keepdims=True)
    of_truth = scaled[np.arange(len(labels)), labels]
    return float((np.log(np.exp(scaled).sum(axis=1)) - of_truth).mean())
