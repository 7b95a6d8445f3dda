"""The description that travels with a model: what it is, where it came from, what it is worth."""

from __future__ import annotations

import platform
import shlex
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path

from common.face_model import FACE_SIZE_PX, LABELS
from common.files import file_sha256
from training.config import VGG, TrainingConfig
from training.data.label_maps import LABEL_MAPS
from training.data.readers import CSV_NAME, VOTES_NAME
from training.data.splits import DataSource, TrainingData
from training.model.manifest_file import file_facts
from training.model.model_files import FERPLUS_NAME, KERAS_NAME, ONNX_NAME, ModelFacts
from training.run.arguments import usual_config
from training.run.checkpoint import SavedRun

LIBRARIES = ("tensorflow", "keras", "numpy", "onnx", "onnxruntime", "opencv-python-headless")


def training_command(config: TrainingConfig, source: DataSource, run: Path) -> str:
    """Return the command that trains this again; its paths say nothing about the machine."""
    words = ["python", "-m", "training.train", "--data", f"data/{source.folder.resolve().name}"]
    words += ["--out", f"runs/{run.resolve().name}"]
    splits = (
        ("--train-split", source.train_split, "train"),
        ("--validation-split", source.validation_split, "validation"),
        ("--label-map", _label_map_name(source), ""),
    )
    for option, name, left_out in splits:
        words += [option, name] if name != left_out else []
    words += ["--network", config.network] if config.network != VGG else []
    usual = usual_config(config.network)
    for item in fields(TrainingConfig):
        value = getattr(config, item.name)
        if value != getattr(usual, item.name):
            shown = _teacher_name(config) if item.name == "teacher" else str(value)
            words += [f"--{item.name.replace('_', '-')}", shown]
    return shlex.join(words)


def _label_map_name(source: DataSource) -> str:
    """Return the name of the label map, of one in a file without its folder."""
    given = source.label_map
    return given if given in LABEL_MAPS else Path(given).name


def _teacher_name(config: TrainingConfig) -> str:
    """Return the teacher's path from the folder of its run on, or nothing without a teacher."""
    path = Path(config.teacher)
    return f"runs/{path.resolve().parent.name}/{path.name}" if config.teacher else ""


def describe(
    *,
    saved: SavedRun,
    source: DataSource,
    data: TrainingData,
    facts: ModelFacts,
    run: Path,
) -> dict[str, object]:
    """Return everything about a run and its model but the metrics and the files."""
    return {
        "labels": list(LABELS),
        "input": f"(n, {FACE_SIZE_PX}, {FACE_SIZE_PX}) uint8 grey faces",
        "command": training_command(saved.config, source, run),
        "config": asdict(saved.config) | {"teacher": _teacher_name(saved.config)},
        "teacher_sha256": saved.origin.teacher_sha256,
        "epochs": len(saved.progress.history),
        "best_epoch": saved.progress.best_epoch,
        "training_seconds": round(sum(record.seconds for record in saved.progress.history)),
        "backend": saved.origin.backend,
        "data": _describe_data(source, data),
        "versions": _versions(saved.origin.backend),
        **asdict(facts),
    }


def describe_files(folder: Path) -> dict[str, dict[str, object]]:
    """Return SHA-256 and size in bytes of each model file that is there."""
    return {
        name: file_facts(folder / name)
        for name in (KERAS_NAME, ONNX_NAME, FERPLUS_NAME)
        if (folder / name).is_file()
    }


def _describe_data(source: DataSource, data: TrainingData) -> dict[str, object]:
    """Return counts, and hashes of the files that were read."""
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


def _versions(backend: str) -> dict[str, str]:
    names = dict.fromkeys((*LIBRARIES, backend))
    return {"python": platform.python_version()} | {name: version(name) for name in names}
