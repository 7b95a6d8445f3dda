"""What a classifier backend offers, and what backends have in common."""

from __future__ import annotations

from typing import Protocol

from common.face_model import Crops, Probabilities

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)
"""Sizes that warm-up measures, and that backends with fixed shapes are compiled for."""


class Backend(Protocol):
    """Runs the expression model."""

    def classify(self, crops: Crops) -> Probabilities:
        """Return the probabilities, ``(n, 7) float32``, of ``(n, 48, 48) uint8`` faces."""


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, or its type where it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)
