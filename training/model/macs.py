"""What a network costs."""

from __future__ import annotations

import math

import keras


def count_macs(model: keras.Model) -> int:
    """Return the multiply-accumulate operations of one face, convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            positions = math.prod(layer.output.shape[1:3])
            total += positions * math.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total
