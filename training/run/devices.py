"""The processors and GPUs that a run is trained on."""

from __future__ import annotations

import keras
import tensorflow as tf

from common.errors import ConfigError

BACKENDS = ("tensorflow", "jax")


def prepare_devices(threads: int) -> None:
    """Set up the backend in use; to be called before anything else of TensorFlow.

    Args:
        threads: How many one operation of TensorFlow uses on the processor.

    Raises:
        ConfigError: Keras uses a backend that training knows nothing of.
    """
    backend = keras.backend.backend()
    if backend not in BACKENDS:
        raise ConfigError(f"KERAS_BACKEND is {backend!r}, training runs on {' or '.join(BACKENDS)}")
    if backend == "jax":
        # TensorFlow still writes the TensorBoard log, and would take the memory of the GPUs.
        tf.config.set_visible_devices([], "GPU")
        return
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    gpus = len(tf.config.list_physical_devices("GPU"))
    if gpus > 1:
        print(f"TensorFlow trains on one of {gpus} GPUs; KERAS_BACKEND=jax trains on all")


def all_devices(batch_size: int) -> keras.distribution.DataParallel | None:
    """Return how each batch is divided among the devices of JAX; None where there is only one.

    ``keras.distribution`` works on JAX alone: on TensorFlow, Keras 3 calls it unfit for use.

    Args:
        batch_size: Faces a batch.

    Raises:
        ConfigError: Batches cannot be divided evenly.
    """
    if keras.backend.backend() != "jax":
        return None
    devices = keras.distribution.list_devices()
    if len(devices) == 1:
        return None
    if batch_size % len(devices):
        raise ConfigError(
            f"a batch has {batch_size} faces, expected a multiple of the {len(devices)} devices "
            f"({', '.join(devices)}); --batch-size sets it, up to the number of training faces"
        )
    print(f"each batch is divided among {', '.join(devices)}")
    return keras.distribution.DataParallel(devices=devices)
