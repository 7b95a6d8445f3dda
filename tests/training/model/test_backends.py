"""A model trained on one backend of Keras gives the same answers on another, and as ONNX."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from common.face_model import BUNDLED_MODEL_DIR, Crops
from tests.training.synthetic_faces import make_faces
from training.config import TrainingConfig
from training.model.model_files import AGREEMENT, AGREEMENT_FACES, KERAS_NAME, ONNX_NAME
from training.model.network import build_exported_network
from training.model.onnx_graph import write_onnx
from training.model.predictor import open_model, predict_all

ROOT = Path(__file__).resolve().parents[3]
SMALL = TrainingConfig(widths="4,6,8", depths="2,2,3")
"""The third block has a residual convolution, as those of the model that ships."""
PROGRAM = """
import sys
from pathlib import Path
import keras
import numpy as np
from training.model.predictor import open_model, predict_all

assert keras.backend.backend() == "jax", keras.backend.backend()
model, faces, answers = map(Path, sys.argv[1:])
np.save(answers, predict_all(open_model(model), np.load(faces)))
"""


@pytest.fixture(scope="module")
def faces() -> Crops:
    """``(256, 48, 48) uint8``: noise, two flat ones, stripes."""
    images = np.random.default_rng(3).integers(0, 256, (AGREEMENT_FACES, 48, 48)).astype(np.uint8)
    images[128:] = make_faces(128, seed=3).images
    images[0], images[1] = 0, 255  # flat images have no variance to divide by
    return images


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both files of a small network with weights of no meaning."""
    folder = tmp_path_factory.mktemp("model")
    keras.utils.set_random_seed(1)
    model = build_exported_network(SMALL)
    random = np.random.default_rng(1)
    # Batch normalisation as after training, and a loud head, so that the images are told apart.
    model.set_weights(
        [
            weight * 4 if weight.ndim > 1 else random.uniform(0.5, 1.5, weight.shape)
            for weight in model.get_weights()
        ]
    )
    model.save(folder / KERAS_NAME)
    write_onnx(model, folder / ONNX_NAME)
    return folder


@pytest.mark.timeout(400)  # JAX compiles each layer in a fresh process, slowly on a busy machine
@pytest.mark.parametrize("model", ["untrained", "bundled"])
def test_keras_on_jax_agrees_with_tensorflow_and_onnx_on_256_faces(
    model: str, untrained: Path, faces: Crops, tmp_path: Path
) -> None:
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    folder = untrained if model == "untrained" else BUNDLED_MODEL_DIR
    np.save(tmp_path / "faces.npy", faces)
    subprocess.run(
        [sys.executable, "-c", PROGRAM, folder / KERAS_NAME, "faces.npy", "answers.npy"],
        cwd=tmp_path,
        env=os.environ
        | {
            "KERAS_BACKEND": "jax",
            "JAX_PLATFORMS": "cpu",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        },
        check=True,
    )
    of_jax = np.load(tmp_path / "answers.npy")
    of_tensorflow, of_onnx = (
        predict_all(open_model(folder / name), faces) for name in (KERAS_NAME, ONNX_NAME)
    )
    assert keras.backend.backend() == "tensorflow"
    assert of_jax.std(axis=0).max() > 0.05, "the images are told apart"
    assert np.abs(of_jax - of_tensorflow).max() < AGREEMENT
    assert np.abs(of_jax - of_onnx).max() < AGREEMENT
