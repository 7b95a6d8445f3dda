"""Runs epochs from wherever a run stands to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from common.face_model import FACE_SIZE_PX
from training.config import TrainingConfig
from training.data.faces import ordered_sha256
from training.data.splits import TrainingData
from training.metrics import percent
from training.run.batches import batch_size_of, steps_of_epoch
from training.run.checkpoint import (
    Origin,
    RunProgress,
    SavedRun,
    check_same_run,
    read_checkpoint,
    resume,
    save_checkpoint,
    state_of,
)
from training.run.history import EpochRecord, write_history
from training.run.schedule import rates_of_epoch
from training.run.targets import check_teacher, label_targets, teacher_sha256
from training.run.tensorboard_log import TensorBoardLog
from training.run.trainer import Trainer

Draw = Callable[[Sequence[EpochRecord], int], None]
"""Draws a run from its history so far and the number of its best epoch."""


def run_training(
    data: TrainingData, config: TrainingConfig, folder: Path, draw: Draw = lambda *_: None
) -> None:
    """Train to the end of the schedule, resuming what ``folder`` holds.

    After each epoch the checkpoint, the history and the TensorBoard log are written.

    Args:
        data: Training and validation faces.
        config: Hyperparameters of the run.
        folder: The run's folder; it exists.
        draw: What is called when the run begins or resumes, and after each epoch.

    Raises:
        ConfigError: ``folder`` holds another run, or the teacher was chosen on other faces.
        ModelError: The teacher cannot be used.
    """
    origin = Origin(
        data_sha256=data.sha256(),
        learned_sha256=ordered_sha256(data.train),
        teacher_sha256=teacher_sha256(config),
        backend=keras.backend.backend(),
    )
    saved = read_checkpoint(folder)
    if saved is None:
        check_teacher(config, data.validation)
        targets, progress = label_targets(data.train, config), RunProgress((), 0, ())
    else:
        check_same_run(saved, config, origin)
        targets, progress = saved.targets, saved.progress
        write_history(folder, progress.history)  # it may have been stopped before it got to that
    trainer = Trainer(config, batch_size_of(data.train, config))
    if saved is not None:
        resume(saved, trainer)
    draw(progress.history, progress.best_epoch)
    epochs = len(config.sizes_px)
    with closing(TensorBoardLog(folder, progress.history)) as log:
        while len(progress.history) < epochs:
            record = _run_epoch(trainer, data, targets, progress.history)
            progress = _advance(progress, record, trainer)
            state = state_of(trainer)
            save_checkpoint(folder, SavedRun(config, origin, targets, progress, state))
            write_history(folder, progress.history)
            draw(progress.history, progress.best_epoch)
            log.add(record)
            print(
                f"epoch {record.epoch}/{epochs}: train {percent(record.train_accuracy)}, "
                f"validation {percent(record.validation_accuracy)}, "
                f"best epoch {progress.best_epoch}, {record.seconds:.0f} s",
                flush=True,
            )


def _run_epoch(
    trainer: Trainer,
    data: TrainingData,
    targets: NDArray[np.float32],
    history: Sequence[EpochRecord],
) -> EpochRecord:
    """Train and validate the epoch after those of ``history``."""
    started = time.monotonic()
    epoch = len(history)
    size_px = trainer.config.sizes_px[epoch]
    rates = rates_of_epoch(
        trainer.config,
        epoch,
        steps_of_epoch(data.train, trainer.config),
        [record.validation_loss for record in history],
    )
    train = trainer.train_epoch(data.train, targets, epoch, rates)
    validation = trainer.validate(data.validation, size_px)
    return EpochRecord(
        epoch=epoch + 1,
        size_px=size_px,
        rate=rates[-1],
        seconds=time.monotonic() - started,
        train_loss=train.loss,
        train_accuracy=train.accuracy,
        validation_loss=validation.loss,
        validation_accuracy=validation.accuracy,
    )


def _advance(progress: RunProgress, record: EpochRecord, trainer: Trainer) -> RunProgress:
    """Add ``record``; keep the weights if they are the best so far on full-size validation.

    Until the first epoch at full size the latest weights count as the best.
    """
    history = (*progress.history, record)
    full_size = [r.validation_accuracy for r in history if r.size_px == FACE_SIZE_PX]
    if full_size and (record.validation_accuracy < max(full_size)):
        return RunProgress(history, progress.best_epoch, progress.best_weights)
    weights = tuple(trainer.learner.averaged.get_weights())
    return RunProgress(history, record.epoch, weights)
