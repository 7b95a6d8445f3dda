"""The network: blocks of 3x3 convolutions, global pooling, two linear heads.

After Simonyan and Zisserman (2015, arXiv:1409.1556) with batch normalisation (Ioffe and Szegedy,
2015, arXiv:1502.03167), and with residual connections (He et al., 2016, arXiv:1512.03385) around
what is deeper than two convolutions; in place of their large dense layers the mean over all
positions (Lin et al., 2014, arXiv:1312.4400), which also lets it work on images of any size.
"""

from __future__ import annotations

from string import ascii_lowercase

import keras

from common.face_model import FACE_SIZE_PX, LABELS
from training.config import CLASSIC, TrainingConfig, parse_blocks
from training.data.faces import VOTE_NAMES
from training.model.classic_network import classic_features
from training.model.fused_norm import FusedBatchNorm

STANDARDISE_EPSILON = 1e-3
"""Added to the variance of grey values of 0 to 1, so that a flat image's noise is not blown up."""
BATCH_NORM_MOMENTUM = 0.95
PLAIN_CONVOLUTIONS = 2
"""A block's first convolutions, which may change its width; the others add to what is there."""
EXPRESSION_HEAD = "expression"
FERPLUS_HEAD = "ferplus"


def build_training_network(config: TrainingConfig) -> keras.Model:
    """Return a network from ``(n, size, size, 1) uint8`` to the logits of both heads.

    Its outputs are ``(n, 7)`` for the labels and ``(n, 8)`` for the FER+ votes.
    """
    side = FACE_SIZE_PX if config.network == CLASSIC else None
    faces = keras.Input((side, side, 1), dtype="uint8", name="faces")
    on_tensorflow = keras.backend.backend() == "tensorflow"
    norm = FusedBatchNorm if on_tensorflow else keras.layers.BatchNormalization
    features = _features(faces, config, config.precision, norm)
    expression = keras.layers.Dense(len(LABELS), name=EXPRESSION_HEAD)(features)
    ferplus = keras.layers.Dense(len(VOTE_NAMES), name=FERPLUS_HEAD)(features)
    return keras.Model(faces, [expression, ferplus], name="training")


def build_exported_network(config: TrainingConfig) -> keras.Model:
    """Return the network of the model contract, ``(n, 48, 48) uint8`` to probabilities."""
    faces = keras.Input((FACE_SIZE_PX, FACE_SIZE_PX), dtype="uint8", name="faces")
    with_channel = keras.layers.Reshape((FACE_SIZE_PX, FACE_SIZE_PX, 1), name="channel")(faces)
    features = _features(with_channel, config, "float32", keras.layers.BatchNormalization)
    logits = keras.layers.Dense(len(LABELS), name=EXPRESSION_HEAD)(features)
    probabilities = keras.layers.Softmax(name="probabilities")(logits)
    return keras.Model(faces, probabilities, name="expression_model")


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copy to every layer of ``target`` the weights of the layer of that name in ``source``."""
    for layer in target.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())


def _features(
    images: keras.KerasTensor,
    config: TrainingConfig,
    precision: str,
    norm: type[keras.layers.BatchNormalization],
) -> keras.KerasTensor:
    """Return ``(n, channels) float32`` features of ``(n, size, size, 1) uint8`` images.

    ``precision`` is that of the convolutions; weights, statistics and heads are always float32.
    ``norm`` is the class of batch normalisation.
    """
    x = keras.layers.Rescaling(1 / 255, name="to_unit")(images)
    if config.network == CLASSIC:
        return classic_features(x, config.dropout, precision, norm)
    return _vgg_features(x, config, precision, norm)


def _vgg_features(
    x: keras.KerasTensor,
    config: TrainingConfig,
    precision: str,
    norm: type[keras.layers.BatchNormalization],
) -> keras.KerasTensor:
    """Return ``(n, channels) float32`` features of ``(n, size, size, 1)`` images of 0 to 1."""
    # Each image gets mean 0 and variance 1 over its pixels: light and camera differ, live.
    x = keras.layers.LayerNormalization(
        axis=[1, 2, 3],
        epsilon=STANDARDISE_EPSILON,
        center=False,
        scale=False,
        name="standardise",
    )(x)
    blocks = parse_blocks(config.widths, config.depths)
    for block, (width, depth) in enumerate(blocks, start=1):
        for index in range(depth):
            name = f"block{block}{ascii_lowercase[index]}"
            residual = index >= PLAIN_CONVOLUTIONS
            y = _convolution(width, name, precision)(x)
            # A residual convolution begins as if it were not there (Goyal et al., 2017,
            # arXiv:1706.02677, section 5.1).
            y = norm(
                momentum=BATCH_NORM_MOMENTUM,
                gamma_initializer="zeros" if residual else "ones",
                dtype=precision,
                name=f"{name}_norm",
            )(y)
            if residual:
                y = keras.layers.Add(dtype=precision, name=f"{name}_add")([x, y])
            x = keras.layers.ReLU(dtype=precision, name=f"{name}_relu")(y)
        if block < len(blocks):
            x = keras.layers.MaxPooling2D(2, dtype=precision, name=f"block{block}_pool")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(x)


def _convolution(width: int, name: str, precision: str) -> keras.layers.Conv2D:
    """Return a 3x3 convolution to ``width`` channels without bias; the norm after it has one."""
    return keras.layers.Conv2D(
        width,
        3,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(),
        dtype=precision,
        name=f"{name}_conv",
    )
