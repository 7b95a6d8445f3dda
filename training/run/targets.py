"""What each training face should be called: its label, and what a teacher makes of it.

The labels of FER-2013 are noisy: people agree with them on two faces of three. A teacher that sees
the image and also what the FER+ voters said (which the student never sees) gives targets with less
noise: privileged information (Lopez-Paz et al., 2016, arXiv:1511.03643).
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigError, ModelError
from common.face_model import LABELS, MANIFEST_NAME
from common.files import file_sha256
from training.config import TrainingConfig
from training.data.faces import VOTE_NAMES, FaceSet, content_sha256, vote_targets
from training.metrics import LEAST_PROBABILITY, measure, percent
from training.model.manifest_file import read_manifest
from training.model.predictor import open_model, predict_all

HIDDEN_UNITS = 32
_EPOCHS = 15
_BATCH = 256
_RATE = 3e-3


def label_targets(faces: FaceSet, config: TrainingConfig) -> NDArray[np.float32]:
    """Return ``(n, 7) float32`` probabilities to learn from, of each face's label.

    Raises:
        ModelError: The teacher cannot be used.
    """
    smoothing = config.label_smoothing
    hard = np.eye(len(LABELS), dtype=np.float32)[faces.labels]
    targets = (1.0 - smoothing) * hard + smoothing / len(LABELS)
    if config.teacher:
        opinion = _teacher_opinion(faces, Path(config.teacher), config.seed)
        targets = (1.0 - config.teacher_share) * targets + config.teacher_share * opinion
    return np.asarray(targets, dtype=np.float32)


def teacher_sha256(config: TrainingConfig) -> str:
    """Return the hash of the teacher's file, or nothing where no teacher is asked for.

    Raises:
        ModelError: There is no such file.
    """
    if not config.teacher:
        return ""
    file = Path(config.teacher)
    if not file.is_file():
        raise ModelError(f"--teacher {file} is not there, expected an exported .onnx or .keras")
    return file_sha256(file)


def check_teacher(config: TrainingConfig, validation: FaceSet) -> None:
    """Hold the manifest beside the teacher against the faces that the pupil is chosen by.

    A teacher that has learned from them tells of them, and the result would be too good.

    Raises:
        ConfigError: It was chosen by other faces, and so may have learned from these.
    """
    if not config.teacher:
        return
    file = Path(config.teacher)
    manifest = read_manifest(file.with_name(MANIFEST_NAME))
    known = manifest.get("data", {}).get("content_sha256")
    if known is None:
        print(f"no {MANIFEST_NAME} beside {file}: see that it has not learned from validation")
    elif not known.endswith(content_sha256(validation)):
        raise ConfigError(
            f"--teacher {file} was chosen by other faces than these of validation, from which it "
            "may have learned; train one on the same data"
        )


def _teacher_opinion(faces: FaceSet, file: Path, seed: int) -> NDArray[np.float32]:
    """Return ``(n, 7) float32``: the label's probabilities given the model's and the votes.

    A small network learns how both together predict the label, on the training faces themselves.
    """
    model = open_model(file)
    seen = predict_all(model, faces.images) + predict_all(model, faces.images[:, :, ::-1].copy())
    inputs = np.concatenate(
        [np.log(np.maximum(seen / 2, LEAST_PROBABILITY)), vote_targets(faces)], axis=1
    )
    keras.utils.set_random_seed(seed)
    combine = keras.Sequential(
        [
            keras.Input((len(LABELS) + len(VOTE_NAMES),)),
            keras.layers.Dense(HIDDEN_UNITS, "relu"),
            keras.layers.Dense(len(LABELS), "softmax"),
        ]
    )
    combine.compile(keras.optimizers.Adam(_RATE), "sparse_categorical_crossentropy")
    combine.fit(inputs, faces.labels, batch_size=_BATCH, epochs=_EPOCHS, verbose=0)
    opinion = np.asarray(combine.predict(inputs, batch_size=_BATCH, verbose=0), dtype=np.float32)
    accuracy = measure(opinion, faces.labels).accuracy
    print(f"teacher and votes agree with {percent(accuracy)} of the training labels", flush=True)
    return opinion
