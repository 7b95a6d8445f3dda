"""Folders of runs as training.run.loop and training.export leave them, without the training.

Their pictures are small: each shows one face.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tests.training.synthetic_faces import encode_png, make_faces
from training.config import TrainingConfig
from training.measure.pictures import (
    LEARNING_CURVES,
    PICTURES_OF_DATA,
    PICTURES_OF_MODEL,
    CaptionedPlot,
)
from training.metrics import measure
from training.run.history import EpochRecord, write_history

EPOCHS = 3


def write_unfinished_run(folder: Path) -> None:
    """Write what is there while a run goes on, but for the checkpoint."""
    folder.mkdir(parents=True)
    history = [
        EpochRecord(epoch, 48, 0.1, 60.0, 1.8, 0.25, 1.6, 0.25 * epoch)
        for epoch in range(1, EPOCHS + 1)
    ]
    write_history(folder, history)
    _write_pictures(folder, (*PICTURES_OF_DATA, LEARNING_CURVES))


def write_finished_run(folder: Path) -> dict[str, object]:
    """Write what is there after the export, but for the model files; return the manifest."""
    write_unfinished_run(folder)
    faces = make_faces(28, seed=2)
    probabilities = np.random.default_rng(1).dirichlet(np.ones(7), 28).astype(np.float32)
    metrics = measure(probabilities, faces.labels)
    _write_pictures(folder, PICTURES_OF_MODEL)
    measured: dict[str, object] = {
        "model_sha256": "ab" * 32,
        "split": "validation",
        "data_sha256": "cd" * 32,
        "data_file_sha256": None,
        "ferplus_images": 20,
        "ferplus_majority_accuracy": 0.75,
        **asdict(metrics),
    }
    manifest: dict[str, object] = {
        "files": {"expression.onnx": {"sha256": "ab" * 32, "bytes": 4_696_412}},
        "command": "python -m training.train --data data/fer2013 --out runs/tiny",
        "config": asdict(TrainingConfig()),
        "epochs": EPOCHS,
        "best_epoch": 2,
        "training_seconds": 3 * 3600 + 5 * 60,
        "data": {"train_images": 14, "file_sha256": {"train.zip": "ef" * 32}},
        "versions": {"python": "3.11.7", "tensorflow": "2.21.0"},
        "temperature": 1.5,
        "metrics": {"expression.keras": measured, "expression.onnx": measured},
    }
    write_manifest(folder, manifest)
    return manifest


def write_manifest(folder: Path, manifest: dict[str, object]) -> None:
    """Write ``manifest.json``."""
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _write_pictures(folder: Path, pictures: tuple[CaptionedPlot, ...]) -> None:
    for seed, picture in enumerate(pictures):
        (folder / picture.name).write_bytes(encode_png(make_faces(1, seed).images[0]))
