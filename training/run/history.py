"""What each epoch reached, kept as CSV and JSON."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.files import replacing
from common.json_files import read_json, write_json

CSV_NAME = "history.csv"
JSON_NAME = "history.json"


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch.

    Attributes:
        epoch: Counted from 1.
        size_px: Side of the images it saw; validation is at that size too.
        rate: Learning rate of its last step.
        seconds: Time that it took, validation included.
        train_loss: Mean over its steps, on augmented images, against ``training.run.targets``.
        train_accuracy: Share that is right, on the same images.
        validation_loss: Loss on validation, with the averaged weights.
        validation_accuracy: Share of validation that is right with them.
    """

    epoch: int
    size_px: int
    rate: float
    seconds: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float


def write_history(folder: Path, history: Sequence[EpochRecord]) -> None:
    """Write ``history.csv`` and ``history.json``, each in one step: a run that goes on is read."""
    rows = [dataclasses.asdict(record) for record in history]
    write_json(folder / JSON_NAME, rows)
    with replacing(folder / CSV_NAME) as new, new.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, [item.name for item in dataclasses.fields(EpochRecord)])
        writer.writeheader()
        writer.writerows(rows)


def read_history(folder: Path) -> tuple[EpochRecord, ...]:
    """Read the ``history.json`` in ``folder``; no records where there is none.

    Raises:
        ConfigError: It is damaged.
    """
    file = folder / JSON_NAME
    if not file.exists():
        return ()
    return read_json(file, tuple[EpochRecord, ...], "the same training command mends it")
