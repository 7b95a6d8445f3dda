"""Batches of augmented faces, made in a thread while the network works on the one before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.face_model import Crops
from training.config import TrainingConfig
from training.data.faces import FaceSet, vote_targets
from training.run.augment import augment


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """One step's worth.

    Attributes:
        images: ``(n, size, size) uint8``.
        labels: ``(n,) int64``.
        targets: ``(n, 7) float32`` probabilities of each label to learn from.
        votes: ``(n, 8) float32`` shares of FER+ votes, zeros where nobody voted.
    """

    images: Crops
    labels: NDArray[np.int64]
    targets: NDArray[np.float32]
    votes: NDArray[np.float32]


def batches_of_epoch(
    faces: FaceSet,
    targets: NDArray[np.float32],
    epoch: int,
    size_px: int,
    config: TrainingConfig,
) -> Iterator[TrainingBatch]:
    """Yield every face once, in an order drawn anew each epoch, but for a last part of a batch.

    Order and augmentation follow from the seed and the epoch alone: a run that was stopped
    continues exactly as if it had not been.
    """
    random = np.random.default_rng([config.seed, epoch])
    order = random.permutation(len(faces))
    votes = vote_targets(faces)
    size = batch_size_of(faces, config)
    starts = range(0, len(faces) - size + 1, size)

    def make(start: int) -> TrainingBatch:
        rows = order[start : start + size]
        images = augment(faces.images[rows], size_px, config, random)
        return TrainingBatch(images, faces.labels[rows], targets[rows], votes[rows])

    with ThreadPoolExecutor(max_workers=1) as worker:
        waiting = worker.submit(make, starts[0])
        for start in starts[1:]:
            ready = waiting.result()
            waiting = worker.submit(make, start)
            yield ready
        yield waiting.result()


def steps_of_epoch(faces: FaceSet, config: TrainingConfig) -> int:
    """Return how many batches an epoch has."""
    return len(faces) // batch_size_of(faces, config)


def batch_size_of(faces: FaceSet, config: TrainingConfig) -> int:
    """Return how many faces a batch has: all of them where they are fewer than asked for."""
    return min(config.batch_size, len(faces))
