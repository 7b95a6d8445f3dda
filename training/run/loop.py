"""Runs epochs from wherever a run stands to its end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from common.face_model import FACE_SIZE_PX
from training.config import TrainingConfig, parse_stages, size_of_epoch
from training.data.faces import ordered_sha256
from training.data.splits import TrainingData
from training.measure.plots.curves import plot_learning_curves
from training.measure.plots.drawing import draw_data
from training.measure.plots.pictures import LEARNING_CURVES
from training.run.batches import batch_size_of, steps_of_epoch
from training.run.checkpoint import (
    Origin,
    Progress,
    check_same_run,
    read_checkpoint,
    resume,
    save_checkpoint,
)
from training.run.history import EpochRecord, write_history
from training.run.schedule import rates_of_epoch
from training.run.targets import check_teacher, label_targets, teacher_sha256
from training.run.tensorboard_log import TensorBoardLog
from training.run.trainer import Trainer


def run_training(data: TrainingData, config: TrainingConfig, folder: Path) -> None:
    """Trains to the end of the schedule, resuming what ``folder`` holds.

    Samples of the training faces are drawn first. After each epoch the checkpoint, the history, the
    learning curves and the TensorBoard log are written.

    Args:
        data: training and validation faces.
        config: hyperparameters.
        folder: of the run, exists.

    Raises:
        ConfigError: if ``folder`` holds another run, or the teacher was chosen on other faces.
        ModelError: if the teacher cannot be used.
    """
    origin = Origin(
        data_sha256=data.sha256(),
        learned_sha256=ordered_sha256(data.train),
        teacher_sha256=teacher_sha256(config),
        backend=keras.backend.backend(),
    )
    saved = read_checkpoint(folder)
    if saved is not None:
        check_same_run(saved, config, origin)
    if saved is None:
        check_teacher(config, data.validation)
        targets = label_targets(data.train, config)
    else:
        targets = saved.targets
    trainer = Trainer(config, batch_size_of(data.train, config))
    progress = Progress((), 0, ())
    if saved is not None:
        resume(saved, trainer)
        progress = saved.progress
        _report(folder, progress)  # it may have been stopped before it got to that
    draw_data(data.train, config, folder)
    epochs = sum(stage.epochs for stage in parse_stages(config.stages))
    with TensorBoardLog(folder, progress.history) as log:
        while len(progress.history) < epochs:
            record = _run_epoch(trainer, data, targets, progress.history)
            progress = _advance(progress, record, trainer)
            save_checkpoint(folder, trainer, targets, origin, progress)
            _report(folder, progress)
            log.add(record)
            print(
                f"epoch {record.epoch}/{epochs}: train {record.train_accuracy:.4f}, "
                f"validation {record.validation_accuracy:.4f}, best epoch {progress.best_epoch}, "
                f"{record.seconds:.0f} s",
                flush=True,
            )


def _report(folder: Path, progress: Progress) -> None:
    """Writes history and learning curves."""
    write_history(folder, progress.history)
    plot_learning_curves(progress.history, progress.best_epoch, folder / LEARNING_CURVES.name)


def _run_epoch(
    trainer: Trainer,
    data: TrainingData,
    targets: NDArray[np.float32],
    history: Sequence[EpochRecord],
) -> EpochRecord:
    """Trains and validates the epoch after those of ``history``."""
    started = time.monotonic()
    epoch = len(history)
    size_px = size_of_epoch(parse_stages(trainer.config.stages), epoch)
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


def _advance(progress: Progress, record: EpochRecord, trainer: Trainer) -> Progress:
    """Adds ``record``; keeps the weights if they are the best so far on full-size validation.

    Until the first epoch at full size the latest weights count as the best.
    """
    history = (*progress.history, record)
    full_size = [r.validation_accuracy for r in history if r.size_px == FACE_SIZE_PX]
    if full_size and (record.validation_accuracy < max(full_size)):
        return Progress(history, progress.best_epoch, progress.best_weights)
    weights = tuple(trainer.learner.averaged.get_weights())
    return Progress(history, record.epoch, weights)
