"""The classic 4-block CNN that many public scripts share: what ferstream is compared with."""

from __future__ import annotations

import keras
from keras import layers

BLOCKS = ((64, 3), (128, 5), (512, 3), (512, 3))
"""Channels and side of the kernel of each convolution."""
DENSE_UNITS = (256, 512)


def classic_features(
    images: keras.KerasTensor,
    dropout: float = 0.25,
    precision: str = "float32",
    norm: type[layers.BatchNormalization] = layers.BatchNormalization,
) -> keras.KerasTensor:
    """Return ``(n, 512)`` features of ``(n, 48, 48, 1)`` images of 0 to 1.

    Four blocks of one convolution, batch normalisation, ReLU, pooling and dropout, then two dense
    layers: 290 million multiply-accumulates a face and 4.5 million parameters.

    Args:
        images: Grey faces.
        dropout: Share of values dropped after every block, in training.
        precision: Precision of the convolutions, as Keras names it.
        norm: Class of the batch normalisation after them.
    """
    x = images
    for number, (channels, side) in enumerate(BLOCKS, start=1):
        name = f"block{number}"
        x = layers.Conv2D(channels, side, padding="same", dtype=precision, name=f"{name}_conv")(x)
        x = norm(dtype=precision, name=f"{name}_norm")(x)
        x = layers.ReLU(dtype=precision, name=f"{name}_relu")(x)
        x = layers.MaxPooling2D(dtype=precision, name=f"{name}_pool")(x)
        x = layers.Dropout(dropout, dtype=precision, name=f"{name}_dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    for number, units in enumerate(DENSE_UNITS, start=1):
        x = layers.Dense(units, name=f"dense{number}")(x)
        x = layers.BatchNormalization(name=f"dense{number}_norm")(x)
        x = layers.ReLU(name=f"dense{number}_relu")(x)
        x = layers.Dropout(dropout, name=f"dense{number}_dropout")(x)
    return x
