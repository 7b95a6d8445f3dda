from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from training.model.fused_norm import FusedBatchNorm


def test_it_does_what_the_layer_of_keras_does_in_training_and_after() -> None:
    random = np.random.default_rng(1)
    images = tf.constant(random.normal(3.0, 2.0, (32, 12, 12, 5)), tf.float32)
    weight = tf.constant(random.normal(size=(32, 12, 12, 5)), tf.float32)
    outputs, gradients, kept = [], [], []
    for kind in (FusedBatchNorm, keras.layers.BatchNormalization):
        layer = kind(momentum=0.9)
        layer.build((None, 12, 12, 5))
        layer.gamma.assign([0.5, 1.0, 1.5, 2.0, 2.5])
        layer.beta.assign([0.0, 1.0, 2.0, 3.0, 4.0])
        with tf.GradientTape() as tape:
            tape.watch(images)
            trained = layer(images, training=True)
            loss = tf.reduce_sum(trained * weight)
        outputs.append((trained.numpy(), layer(images, training=False).numpy()))
        gradients.append([g.numpy() for g in tape.gradient(loss, [images, layer.gamma.value])])
        kept.append([layer.moving_mean.numpy(), layer.moving_variance.numpy()])
    np.testing.assert_allclose(outputs[0][0], outputs[1][0], atol=1e-4)
    # Only the kept variance differs, by one part in the 4,608 values it is taken over.
    np.testing.assert_allclose(outputs[0][1], outputs[1][1], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(kept[0][1], kept[1][1], rtol=3e-4)
    np.testing.assert_allclose(kept[0][0], kept[1][0], rtol=1e-5)
    for fused, plain in zip(*gradients, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=1e-3, atol=1e-3)
