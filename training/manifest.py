"""The description that travels with a model: what it is, where it came from, what it is worth."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path

from common.face_model import FACE_SIZE_PX, LABELS
from training.checkpoint import Progress
from training.config import TrainingConfig
from training.data import DataSource, TrainingData
from training.hashing import file_sha256
from training.model_files import KERAS_NAME, ONNX_NAME, ModelFacts
from training.readers import CSV_NAME, VOTES_NAME

LIBRARIES = ("tensorflow", "keras", "numpy", "onnx", "onnxruntime", "opencv-python-headless")


def training_command(config: TrainingConfig, source: DataSource, run: Path) -> str:
    """Returns the command that trains this again; its paths say nothing about the machine."""
    words = ["python", "-m", "training.train"]
    words += [
        "--data",
        f"data/{source.folder.resolve().name}",
        "--out",
        f"runs/{run.resolve().name}",
    ]
    splits = (
        ("--train-split", source.train_split, "train"),
        ("--validation-split", source.validation_split, "validation"),
    )
    for option, name, usual in splits:
        words += [option, name] if name != usual else []
    for item in fields(TrainingConfig):
        value = getattr(config, item.name)
        if value != item.default:
            words += [f"--{item.name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def describe(
    *,
    config: TrainingConfig,
    source: DataSource,
    data: TrainingData,
    progress: Progress,
    facts: ModelFacts,
    run: Path,
) -> dict[str, object]:
    """Returns everything about a run and its model but the metrics and the files."""
    return {
        "labels": list(LABELS),
        "input": f"(n, {FACE_SIZE_PX}, {FACE_SIZE_PX}) uint8 grey faces",
        "command": training_command(config, source, run),
        "config": asdict(config),
        "epochs": len(progress.history),
        "best_epoch": progress.best_epoch,
        "training_seconds": round(sum(record.seconds for record in progress.history)),
        "data": _describe_data(source, data),
        "versions": _versions(),
        **asdict(facts),
    }


def describe_files(folder: Path) -> dict[str, Mapping[str, str | int]]:
    """Returns SHA-256 and size in bytes of both model files."""
    return {
        name: {"sha256": file_sha256(folder / name), "bytes": (folder / name).stat().st_size}
        for name in (KERAS_NAME, ONNX_NAME)
    }


def _describe_data(source: DataSource, data: TrainingData) -> dict[str, object]:
    """Returns counts, and hashes of the files that were read."""
    names = (f"{source.train_split}.zip", f"{source.validation_split}.zip", CSV_NAME, VOTES_NAME)
    return {
        "train_images": len(data.train),
        "validation_images": len(data.validation),
        "duplicates_removed": data.duplicates_removed,
        "content_sha256": data.sha256(),
        "file_sha256": {
            name: file_sha256(source.folder / name)
            for name in names
            if (source.folder / name).is_file()
        },
    }


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
