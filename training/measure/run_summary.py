"""What the folder of a run says about it, gathered for the report."""

from __future__ import annotations

import base64
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from common.errors import ConfigError
from common.face_model import LABELS, MANIFEST_NAME
from common.json_files import checked, read_json
from training.measure.pictures import (
    LEARNING_CURVES,
    PICTURES_OF_DATA,
    PICTURES_OF_MODEL,
    CaptionedPlot,
)
from training.metrics import LabelScores, Metrics, label_scores
from training.run.history import EpochRecord, read_history

SHOWN_MODEL = "expression.onnx"
"""The model that the pictures are about; the name is that of ``training.model.model_files``, which
takes seconds to import."""
PICTURES = (*PICTURES_OF_DATA, LEARNING_CURVES, *PICTURES_OF_MODEL)


_REMEDY = "training.export writes it anew"
_ForEachLabel = Meta(min_length=len(LABELS), max_length=len(LABELS))


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a manifest says of a model file; ``bytes`` is its size."""

    bytes: int


@dataclass(frozen=True, slots=True)
class MeasuredModel(Metrics):
    """What ``training.measure.evaluation`` says of a model file.

    Attributes:
        model_sha256: Hash of the file.
        split: Name of the split that it was measured on.
        ferplus_images: Number of its faces on which most FER+ voters agree.
        ferplus_majority_accuracy: Accuracy on those, against the voters; None without votes.
    """

    confusion_matrix: Annotated[list[Annotated[list[int], _ForEachLabel]], _ForEachLabel]
    model_sha256: str
    split: str
    ferplus_images: int
    ferplus_majority_accuracy: float | None


@dataclass(frozen=True, slots=True)
class Export:
    """What an export wrote down: its manifest.

    Attributes:
        command: The command that trains this again.
        epochs: Number of epochs that were done.
        best_epoch: Number of the epoch that was exported.
        training_seconds: Time of all epochs together.
        data: Counts and hashes of the data, by name.
        versions: Versions of libraries, by name.
        config: Hyperparameters, by name.
        files: The files that were written, by name.
        metrics: The models that were measured, by the name of their file.
        facts: Other single values, by name.
    """

    command: str
    epochs: int
    best_epoch: int
    training_seconds: float
    data: dict[str, object]
    versions: dict[str, str]
    config: dict[str, object]
    files: dict[str, StoredFile]
    metrics: Annotated[dict[str, MeasuredModel], Meta(min_length=1)]
    facts: dict[str, object]

    @property
    def models(self) -> list[tuple[str, MeasuredModel, int | None]]:
        """Each model's file, worth and size in bytes, if known; first the one that is drawn."""
        sizes = {name: stored.bytes for name, stored in self.files.items()}
        names = sorted(self.metrics, key=lambda name: name != SHOWN_MODEL)  # else as they come
        return [(name, self.metrics[name], sizes.get(name)) for name in names]

    @property
    def labels(self) -> tuple[LabelScores, ...]:
        """Recall and precision of the model that is drawn."""
        return label_scores(self.models[0][1])


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run, as far as it is.

    Attributes:
        name: Name of its folder.
        history: One record an epoch that is done.
        export: What was exported; None while nothing was.
        pictures: Those that are there, each with its file as a data URI.
        missing: What is not there, in words.
    """

    name: str
    history: tuple[EpochRecord, ...]
    export: Export | None
    pictures: tuple[tuple[CaptionedPlot, str], ...]
    missing: tuple[str, ...]


def summarize_run(folder: Path) -> RunSummary:
    """Read everything that is in ``folder``.

    Raises:
        ConfigError: It is not the folder of a run, or a file in it is damaged.
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
    history: tuple[EpochRecord, ...], export: Export | None, pictures: list[CaptionedPlot]
) -> tuple[str, ...]:
    """Word what is not there, and what to do about it."""
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
    """Return a PNG file as a data URI; None where there is none."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from error
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"


def _read_export(file: Path) -> Export | None:
    """Read a manifest; None where there is none."""
    if not file.exists():
        return None
    values = read_json(file, dict[str, object], _REMEDY)
    known = {item.name for item in fields(Export)}
    facts = {name: value for name, value in values.items() if name not in known}
    return checked(values | {"facts": facts}, Export, file, _REMEDY)
