"""What the folder of a run says about it, gathered for the report."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from common.errors import ConfigError
from common.face_model import MANIFEST_NAME
from training.measure.plots.pictures import (
    LEARNING_CURVES,
    PICTURES_OF_DATA,
    PICTURES_OF_MODEL,
    Picture,
)
from training.metrics import LabelScores, Metrics, label_scores
from training.run.history import EpochRecord, read_history

SHOWN_MODEL = "expression.onnx"
"""The model that the pictures are about; the name is that of ``training.model.model_files``, which
takes seconds to import."""
PICTURES = (*PICTURES_OF_DATA, LEARNING_CURVES, *PICTURES_OF_MODEL)


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """One exported model file.

    Attributes:
        file: its name.
        file_bytes: its size; None if not recorded.
        sha256: of the file.
        split: that it was measured on.
        metrics: on that split.
        ferplus_images: faces of it on which most FER+ voters agree.
        ferplus_majority_accuracy: on those, against the voters; None without votes.
    """

    file: str
    file_bytes: int | None
    sha256: str
    split: str
    metrics: Metrics
    ferplus_images: int
    ferplus_majority_accuracy: float | None


@dataclass(frozen=True, slots=True)
class Export:
    """What an export wrote down.

    Attributes:
        command: that trains this again.
        epochs: how many were done.
        best_epoch: the one that was exported.
        training_seconds: of all epochs.
        facts: other single values, by name.
        data: counts and hashes of the data, by name.
        versions: of libraries, by name.
        config: hyperparameters, by name.
        models: the exported files, the one that the pictures show first.
        labels: recall and precision of that one.
    """

    command: str
    epochs: int
    best_epoch: int
    training_seconds: float
    facts: Mapping[str, object]
    data: Mapping[str, object]
    versions: Mapping[str, str]
    config: Mapping[str, object]
    models: tuple[ModelSummary, ...]
    labels: tuple[LabelScores, ...]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run, as far as it is.

    Attributes:
        name: of its folder.
        history: one record an epoch that is done.
        export: None while there is none.
        pictures: those that are there, each with its file as a data URI.
        missing: what is not there, in words.
    """

    name: str
    history: tuple[EpochRecord, ...]
    export: Export | None
    pictures: tuple[tuple[Picture, str], ...]
    missing: tuple[str, ...]


def summarize_run(folder: Path) -> RunSummary:
    """Reads everything that is in ``folder``.

    Raises:
        ConfigError: if it is not the folder of a run, or a file in it is damaged.
    """
    history = read_history(folder)
    export = _read_export(folder / MANIFEST_NAME)
    if not history and export is None:
        raise ConfigError(
            f"{folder} holds neither history.json nor {MANIFEST_NAME}, expected the folder of a "
            "run, as runs/NAME, with at least one epoch done"
        )
    pictures = [(picture, _data_uri(folder / picture.name)) for picture in PICTURES]
    return RunSummary(
        name=folder.resolve().name,
        history=history,
        export=export,
        pictures=tuple((picture, uri) for picture, uri in pictures if uri is not None),
        missing=_missing(history, export, [picture for picture, uri in pictures if uri is None]),
    )


def _missing(
    history: tuple[EpochRecord, ...], export: Export | None, pictures: list[Picture]
) -> tuple[str, ...]:
    """Words what is not there, and what to do about it."""
    missing = []
    if export is None:
        missing.append(
            f"{MANIFEST_NAME}: the run still goes on, or was stopped. Command, data, versions and "
            "metrics come with the export at its end, or with training.export before it."
        )
    elif len(history) > export.epochs:
        missing.append(
            f"the export is older than the run: it was made after epoch {export.epochs} of "
            f"{len(history)}. The metrics and the pictures of the model are those of the export."
        )
    if not history:
        missing.append("history.json: epochs are recorded where the run was trained.")
    if pictures:
        missing.append(f"pictures: {', '.join(picture.name for picture in pictures)}.")
    return tuple(missing)


def _data_uri(file: Path) -> str | None:
    """Returns a PNG file as a data URI; None where there is none."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as err:
        raise ConfigError(f"cannot read {file}: {err.strerror}") from err
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"


def _read_export(file: Path) -> Export | None:
    """Reads a manifest; None where there is none."""
    if not file.exists():
        return None
    try:
        return _parse_export(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as err:
        reason = f"{type(err).__name__}: {err}"
        raise ConfigError(f"{file} is damaged ({reason}); training.export writes it anew") from err


def _parse_export(manifest: Mapping[str, object]) -> Export:
    """Takes a manifest apart, as ``training.run.manifest`` and ``training.export`` write it."""
    values = dict(manifest)
    files = _section(values.pop("files"))
    metrics = _section(values.pop("metrics"))
    names = sorted(metrics, key=lambda name: name != SHOWN_MODEL)  # stable: the rest stays in order
    models = tuple(_parse_model(name, _section(metrics[name]), files.get(name)) for name in names)
    config, data, versions = (_section(values.pop(key)) for key in ("config", "data", "versions"))
    return Export(
        command=str(values.pop("command")),
        epochs=int(str(values.pop("epochs"))),
        best_epoch=int(str(values.pop("best_epoch"))),
        training_seconds=float(str(values.pop("training_seconds"))),
        facts=values,
        data=data,
        versions={name: str(version) for name, version in versions.items()},
        config=config,
        models=models,
        labels=label_scores(models[0].metrics),
    )


def _parse_model(file: str, values: Mapping[str, object], stored: object) -> ModelSummary:
    """Reads what ``training.evaluate`` said about one file."""
    share = values["ferplus_majority_accuracy"]
    numbers = {item.name: values[item.name] for item in fields(Metrics)}
    return ModelSummary(
        file=file,
        file_bytes=int(str(_section(stored)["bytes"])) if stored is not None else None,
        sha256=str(values["model_sha256"]),
        split=str(values["split"]),
        metrics=Metrics(**numbers),  # type: ignore[arg-type]  # label_scores fails on wrong ones
        ferplus_images=int(str(values["ferplus_images"])),
        ferplus_majority_accuracy=None if share is None else float(str(share)),
    )


def _section(value: object) -> dict[str, object]:
    """Returns a JSON object as what it is.

    Raises:
        TypeError: if it is something else.
    """
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, found {type(value).__name__}")
    return value
