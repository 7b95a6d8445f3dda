"""Runs that take seconds, and how they are stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.synthetic_faces import make_faces
from training.config import TrainingConfig
from training.data.faces import FaceSet
from training.data.splits import TrainingData
from training.run.step import Step
from training.run.trainer import Trainer

TINY = TrainingConfig(
    stages="2x24,1x48",
    widths="4,8",
    depths="2,3",
    batch_size=16,
    warmup_epochs=0.5,
    average_decay=0.8,
)


class Killed(BaseException):
    """Stands for a process that ends at once: nothing may handle it."""


def make_data() -> TrainingData:
    """Make four batches of ``TINY`` to learn from, and two to be chosen by."""
    return TrainingData(make_faces(70, seed=1), make_faces(28, seed=2, first=70), 0)


def kill_at_step(monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    """Let ``last`` steps happen, counted over the whole run, and no more."""
    draw = Trainer._steps

    def until_killed(
        self: Trainer,
        faces: FaceSet,
        targets: NDArray[np.float32],
        epoch: int,
        rates: Sequence[float],
    ) -> Iterator[Step]:
        steps = draw(self, faces, targets, epoch, rates)
        for number, step in enumerate(steps, start=epoch * len(rates)):
            if number >= last:
                raise Killed
            yield step

    monkeypatch.setattr(Trainer, "_steps", until_killed)
