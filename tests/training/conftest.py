"""What the tests of training share; what takes long to make is made once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest

from common.face_model import Crops
from tests.training.synthetic_faces import make_faces, write_votes, write_zip
from tests.training.tiny_run import TINY, make_data
from training.config import TrainingConfig
from training.data.faces import FaceSet
from training.data.readers import load_split
from training.data.splits import DataSource, load_training_data
from training.export import main as export
from training.measure.plots.drawing import draw_progress
from training.model.model_files import AGREEMENT_FACES, KERAS_NAME, ONNX_NAME
from training.model.network import build_exported_network
from training.model.onnx_graph import write_onnx
from training.run.loop import run_training

SHARED_FER2013 = Path(__file__).resolve().parents[3] / "shared" / "data" / "fer2013"


@pytest.fixture(scope="session")
def fer2013_dir() -> Path:
    """The real FER-2013, which is not part of the project."""
    if not (SHARED_FER2013 / "validation.zip").is_file():
        pytest.skip("FER-2013 is not at ../shared/data/fer2013")
    return SHARED_FER2013


@pytest.fixture(scope="session")
def fer2013(fer2013_dir: Path) -> dict[str, FaceSet]:
    """Its training and validation faces."""
    return {split: load_split(fer2013_dir, split) for split in ("train", "validation")}


@pytest.fixture(scope="session")
def ignorant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX model that knows nothing."""
    keras.utils.set_random_seed(1)
    file = tmp_path_factory.mktemp("ignorant") / "model.onnx"
    write_onnx(build_exported_network(TrainingConfig(widths="4", depths="1")), file)
    return file


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both files of a small network with weights of no meaning.

    Its third block has a residual convolution, as those of the model that ships.
    """
    folder = tmp_path_factory.mktemp("untrained")
    keras.utils.set_random_seed(1)
    model = build_exported_network(TrainingConfig(widths="4,6,8", depths="2,2,3"))
    random = np.random.default_rng(1)
    # Batch normalisation as after training: no scale is 1, no mean is 0. A loud head, so that the
    # probabilities of two images differ by much more than those of two files may.
    model.set_weights(
        [
            weight * 4 if weight.ndim > 1 else random.uniform(0.5, 1.5, weight.shape)
            for weight in model.get_weights()
        ]
    )
    model.save(folder / KERAS_NAME)
    write_onnx(model, folder / ONNX_NAME)
    return folder


@pytest.fixture(scope="session")
def many_faces() -> Crops:
    """``(256, 48, 48) uint8``: noise, two flat ones, stripes."""
    images = np.random.default_rng(3).integers(0, 256, (AGREEMENT_FACES, 48, 48)).astype(np.uint8)
    images[128:] = make_faces(128, seed=3).images
    images[0], images[1] = 0, 255  # flat images have no variance to divide by
    return images


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``data`` and, of a run with ``TINY`` on it, ``run`` and the export ``shipped``.

    It is shared: a test that changes something works on a copy.
    """
    folder = tmp_path_factory.mktemp("trained")
    data, run = folder / "data", folder / "run"
    write_zip(data, "train", make_data().train)
    write_zip(data, "validation", make_data().validation)
    write_votes(data, make_data().validation)
    run.mkdir()
    loaded = load_training_data(DataSource(data, "train", "validation"))
    run_training(loaded, TINY, run, partial(draw_progress, loaded.train, TINY, run))
    words = ["--run", str(run), "--data", str(data), "--to", str(folder / "shipped")]
    assert export(words) == 0
    return folder
