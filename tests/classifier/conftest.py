"""What the tests of the classifier share. TensorFlow is imported once for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from classifier.backends import ONNX, TENSORFLOW, choose_backend
from classifier.onnx_backend import OnnxBackend
from common.face_model import Crops

if TYPE_CHECKING:
    from classifier.tensorflow_backend import TensorFlowBackend


@pytest.fixture(scope="session")
def onnx_model() -> Path:
    """The bundled model for ONNX Runtime."""
    return choose_backend(ONNX, None)[1]


@pytest.fixture(scope="session")
def keras_model() -> Path:
    """The bundled model for TensorFlow."""
    return choose_backend(TENSORFLOW, None)[1]


@pytest.fixture(scope="session")
def onnx_backend(onnx_model: Path) -> OnnxBackend:
    """The bundled model in ONNX Runtime."""
    return OnnxBackend(onnx_model)


@pytest.fixture(scope="session")
def tensorflow_backend(keras_model: Path) -> TensorFlowBackend:
    """The bundled model in TensorFlow."""
    from classifier.tensorflow_backend import TensorFlowBackend

    return TensorFlowBackend(keras_model)


@pytest.fixture(scope="session")
def faces() -> Crops:
    """256 pictures of all kinds, ``(256, 48, 48) uint8``: noise, ramps, blobs, flat ones."""
    generator = np.random.default_rng(48)
    y, x = np.mgrid[0:48, 0:48]
    made = []
    for index in range(256):
        center = generator.uniform(10, 38, 2)
        blob = np.exp(-((y - center[0]) ** 2 + (x - center[1]) ** 2) / generator.uniform(20, 400))
        noise = generator.normal(0, 1, (48, 48)) * generator.uniform(0, 0.3)
        picture = blob * generator.uniform(0.2, 1) + noise + x / 48 * generator.uniform(0, 0.5)
        made.append(np.clip(picture * 255, 0, 255) if index % 32 else np.full((48, 48), index))
    return np.stack(made).astype(np.uint8)
