"""What each epoch reached, kept as CSV and JSON."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch.

    Attributes:
        epoch: counted from 1.
        size_px: side of the images it saw; validation is at that size too.
        rate: learning rate of its last step.
        seconds: how long it took, validation included.
        train_loss: mean over its steps, on augmented images, with label smoothing.
        train_accuracy: likewise.
        validation_loss: of the averaged weights.
        validation_accuracy: likewise.
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
    """Writes ``history.csv`` and ``history.json``."""
    rows = [dataclasses.asdict(record) for record in history]
    (folder / "history.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    with (folder / "history.csv").open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, [item.name for item in dataclasses.fields(EpochRecord)])
        writer.writeheader()
        writer.writerows(rows)
