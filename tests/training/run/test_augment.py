from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from common.face_model import LABELS
from tests.training.synthetic_faces import make_faces
from training.config import TrainingConfig
from training.run.arguments import usual_config
from training.run.augment import augment, resize_faces
from training.run.batches import batches_of_epoch, steps_of_epoch

NOTHING = usual_config("classic")
"""A run whose faces are at most mirrored."""


def test_with_everything_off_faces_are_at_most_mirrored() -> None:
    images = make_faces(40, seed=1).images
    changed = augment(images, 48, NOTHING, np.random.default_rng(1))
    mirrored = 0
    for before, after in zip(images, changed, strict=True):
        if not np.array_equal(before, after):
            np.testing.assert_array_equal(before[:, ::-1], after)
            mirrored += 1
    assert 8 < mirrored < 32


def test_the_same_draws_give_the_same_images() -> None:
    images = make_faces(16, seed=2).images
    first = augment(images, 48, TrainingConfig(), np.random.default_rng(3))
    again = augment(images, 48, TrainingConfig(), np.random.default_rng(3))
    other = augment(images, 48, TrainingConfig(), np.random.default_rng(4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("size_px", [16, 32, 40, 48])
def test_images_come_out_at_the_size_asked_for(size_px: int) -> None:
    changed = augment(make_faces(3, seed=5).images, size_px, TrainingConfig(), _random())
    assert changed.shape == (3, size_px, size_px)
    assert changed.dtype == np.uint8


def test_a_square_in_the_centre_stays_near_the_centre() -> None:
    images = np.zeros((64, 48, 48), dtype=np.uint8)
    images[:, 18:30, 18:30] = 255
    moves = TrainingConfig()
    config = dataclasses.replace(
        NOTHING, scale_fraction=moves.scale_fraction, shift_px=moves.shift_px
    )
    changed = augment(images, 48, config, _random()).astype(np.float64)
    position = np.arange(48)
    mass = changed.sum(axis=(1, 2))
    columns = (changed.sum(axis=1) * position).sum(axis=1) / mass
    rows = (changed.sum(axis=2) * position).sum(axis=1) / mass
    farthest = config.shift_px / (1 - config.scale_fraction) + 0.5
    assert np.abs(columns - 23.5).max() < farthest
    assert np.abs(rows - 23.5).max() < farthest
    assert columns.std() > 1.0, "they are moved at all"


def test_cutout_paints_about_the_share_that_was_asked_for() -> None:
    images = np.full((200, 48, 48), 77, dtype=np.uint8)
    config = dataclasses.replace(NOTHING, cutout_probability=0.5)
    changed = augment(images, 48, config, _random())
    painted = (changed != 77).any(axis=(1, 2))
    assert 70 < painted.sum() < 130
    assert (changed != 77).sum(axis=(1, 2)).max() <= config.cutout_px**2


def test_shrinking_averages_areas() -> None:
    image = np.zeros((1, 48, 48), dtype=np.uint8)
    image[:, ::2] = 200
    assert np.unique(resize_faces(image, 24)).tolist() == [100]


def test_some_faces_are_degraded_and_all_get_a_gamma_of_their_own() -> None:
    images = np.tile(np.arange(48, dtype=np.uint8) * 5, (200, 48, 1))
    gammas = augment(images, 48, dataclasses.replace(NOTHING, gamma_octaves=1.0), _random())
    assert (gammas.mean(axis=(1, 2)) > images.mean()).mean() == pytest.approx(0.5, abs=0.15)
    assert gammas[:, 0, [0, -1]].max() > 230, "white stays nearly white"
    noise = np.random.default_rng(2).integers(0, 256, (200, 48, 48)).astype(np.uint8)
    degraded = augment(noise, 48, dataclasses.replace(NOTHING, degraded_fraction=0.25), _random())
    # Blurred, shrunk and compressed noise is fainter; mirrored noise is as it was.
    fainter = degraded.std(axis=(1, 2)) < noise.std(axis=(1, 2)) - 0.5
    assert fainter.mean() == pytest.approx(0.25, abs=0.08)


def test_an_epoch_shows_every_face_once_in_an_order_of_its_own() -> None:
    faces = make_faces(40, seed=6)
    targets = np.eye(len(LABELS), dtype=np.float32)[faces.labels]
    config = TrainingConfig(batch_size=8)
    epochs = [list(batches_of_epoch(faces, targets, epoch, 48, config)) for epoch in (0, 0, 1)]
    assert [len(batches) for batches in epochs] == [steps_of_epoch(faces, config)] * 3
    labels = [np.concatenate([batch.labels for batch in batches]) for batches in epochs]
    assert np.bincount(labels[0]).tolist() == np.bincount(faces.labels).tolist()
    for batch in epochs[0]:
        np.testing.assert_array_equal(batch.targets.argmax(axis=1), batch.labels)
    np.testing.assert_array_equal(epochs[0][2].images, epochs[1][2].images)
    assert not np.array_equal(labels[0], labels[2])


def test_a_set_smaller_than_a_batch_is_one_batch() -> None:
    faces = make_faces(5, seed=7)
    targets = np.eye(len(LABELS), dtype=np.float32)[faces.labels]
    (batch,) = batches_of_epoch(faces, targets, 0, 48, TrainingConfig(batch_size=128))
    assert len(batch.labels) == 5


def _random() -> np.random.Generator:
    return np.random.default_rng(1)
