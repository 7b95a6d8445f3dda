"""Saves a run so that it survives being killed at any moment."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import msgspec
import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigError
from common.files import replacing
from training.config import TrainingConfig
from training.run.history import EpochRecord
from training.run.trainer import Trainer

CHECKPOINT_NAME = "checkpoint.npz"
_NOTES, _TARGETS, _BEST = "notes", "targets", "best"

Arrays = list[NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is.

    Attributes:
        history: One record an epoch that is done.
        best_epoch: Number of the epoch whose averaged weights are the best so far, 0 for none.
        best_weights: The averaged weights of that epoch.
    """

    history: tuple[EpochRecord, ...]
    best_epoch: int
    best_weights: tuple[NDArray[np.generic], ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run learns from, by which it is known again.

    Attributes:
        data_sha256: Hash of the training and validation faces, in any order.
        learned_sha256: Hash of the training faces in their order, with the votes.
        teacher_sha256: Hash of the teacher's file, empty where there is none.
        backend: Backend of Keras; another draws other random numbers.
    """

    data_sha256: str
    learned_sha256: str
    teacher_sha256: str
    backend: str


@dataclass(frozen=True, slots=True)
class _Notes:
    """What a checkpoint holds beside its arrays."""

    config: TrainingConfig
    origin: Origin
    history: tuple[EpochRecord, ...]
    best_epoch: int


@dataclass(frozen=True, slots=True)
class SavedRun:
    """What a checkpoint holds.

    Attributes:
        config: Hyperparameters of the run.
        origin: What it learns from.
        targets: ``(n, 7) float32``, what each training face should be called.
        progress: What has been reached.
        state: Values of network, averaged network and optimizer, by group.
    """

    config: TrainingConfig
    origin: Origin
    targets: NDArray[np.float32]
    progress: RunProgress
    state: dict[str, Arrays]


def save_checkpoint(folder: Path, saved: SavedRun) -> None:
    """Write all to resume from in one step: there is the old checkpoint or the new, never half."""
    progress = saved.progress
    notes = _Notes(saved.config, saved.origin, progress.history, progress.best_epoch)
    arrays = {_NOTES: np.array(json.dumps(asdict(notes))), _TARGETS: saved.targets}
    for group, values in (saved.state | {_BEST: list(progress.best_weights)}).items():
        arrays |= {f"{group}/{index}": value for index, value in enumerate(values)}
    with replacing(folder / CHECKPOINT_NAME) as new, new.open("wb") as opened:
        np.savez(opened, allow_pickle=False, **arrays)
        opened.flush()
        os.fsync(opened.fileno())


def read_checkpoint(folder: Path) -> SavedRun | None:
    """Read the checkpoint in ``folder``; None where there is none.

    Raises:
        ConfigError: It is damaged.
    """
    file = folder / CHECKPOINT_NAME
    if not file.exists():
        return None
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as members:
            arrays = {name: members[name] for name in members.files}
        notes = msgspec.convert(json.loads(str(arrays.pop(_NOTES))), _Notes)
        targets = arrays[_TARGETS].astype(np.float32, copy=False)
        weights = tuple(_group(arrays, _BEST))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{file} is damaged ({error}); remove it to start over") from error
    progress = RunProgress(notes.history, notes.best_epoch, weights)
    state = {group: _group(arrays, group) for group in ("network", "averaged", "optimizer")}
    return SavedRun(notes.config, notes.origin, targets, progress, state)


def load_run(folder: Path) -> SavedRun:
    """Read the checkpoint in ``folder``, which must be there.

    Raises:
        ConfigError: There is none, or it is damaged.
    """
    saved = read_checkpoint(folder)
    if saved is None:
        raise ConfigError(f"{folder} holds no {CHECKPOINT_NAME}, expected the folder of a run")
    return saved


def resume(saved: SavedRun, trainer: Trainer) -> None:
    """Put ``trainer`` where the saved run was."""
    for group, variables in _variables(trainer).items():
        for variable, value in zip(variables, saved.state[group], strict=True):
            variable.assign(value)


def check_same_run(saved: SavedRun, config: TrainingConfig, origin: Origin) -> None:
    """Refuse to go on with another run than the one that was begun.

    Raises:
        ConfigError: The run has other settings, data, teacher or backend.
    """
    old, new = asdict(saved.config), asdict(config)
    changed = ", ".join(f"{key} {old[key]} -> {new[key]}" for key in new if old[key] != new[key])
    if changed:
        raise ConfigError(f"--out holds a run with other settings ({changed}); choose another")
    for name, other in (
        ("data_sha256", "on other data"),
        ("learned_sha256", "with other FER+ votes or other file names"),
        ("teacher_sha256", "with another teacher"),
        ("backend", f"on KERAS_BACKEND={saved.origin.backend}, this is {origin.backend}"),
    ):
        if getattr(saved.origin, name) != getattr(origin, name):
            raise ConfigError(f"--out holds a run {other}; choose another")


def _variables(trainer: Trainer) -> dict[str, list[keras.Variable]]:
    """Return what changes during training; the network's include its random seeds."""
    return {
        "network": trainer.learner.network.variables,
        "averaged": trainer.learner.averaged.weights,
        "optimizer": trainer.learner.optimizer.variables,
    }


def state_of(trainer: Trainer) -> dict[str, Arrays]:
    """Return the values of all that changes during training, by group."""
    return {
        group: [variable.numpy() for variable in variables]
        for group, variables in _variables(trainer).items()
    }


def _group(arrays: dict[str, NDArray[np.generic]], group: str) -> Arrays:
    """Return the arrays of a group, in their order."""
    count = sum(name.startswith(f"{group}/") for name in arrays)
    return [arrays[f"{group}/{index}"] for index in range(count)]
