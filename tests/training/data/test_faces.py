from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.errors import ConfigError
from common.face_model import LABELS
from tests.training.synthetic_faces import make_faces, with_ballots, write_csv, write_folder
from training.data.faces import (
    VOTE_NAMES,
    FaceSet,
    content_sha256,
    majority_labels,
    vote_targets,
    without_duplicates_of,
)
from training.data.splits import DataSource, load_training_data


def test_training_faces_that_are_also_in_validation_are_left_out_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, validation = make_faces(10, seed=2), make_faces(7, seed=1, first=50)
    for faces in (own, validation.take(np.array([1, 3, 5]))):
        write_folder(tmp_path, "train", faces)
    write_folder(tmp_path, "validation", validation)
    data = load_training_data(DataSource(tmp_path, "train", "validation"))
    np.testing.assert_array_equal(data.train.images, own.images)
    assert (data.train.names, len(data.validation), data.duplicates_removed) == (own.names, 7, 3)
    assert "3 removed" in capsys.readouterr().out


def test_training_on_the_validation_faces_alone_is_refused(tmp_path: Path) -> None:
    faces = make_faces(7, seed=1)
    write_folder(tmp_path, "train", faces)
    write_folder(tmp_path, "validation", faces)
    with pytest.raises(ConfigError, match="all training faces are also in validation"):
        load_training_data(DataSource(tmp_path, "train", "validation"))


def test_without_a_validation_split_a_tenth_of_each_label_is_held_out(tmp_path: Path) -> None:
    write_folder(tmp_path, "train", make_faces(140, seed=3))
    source = DataSource(tmp_path, "train", "validation")
    data = load_training_data(source)
    assert np.bincount(data.validation.labels).tolist() == [2] * len(LABELS)
    assert len(data.train) == 126
    assert not set(data.train.names) & set(data.validation.names)
    assert load_training_data(source).validation.names == data.validation.names


def test_too_few_faces_to_hold_any_out_is_an_error(tmp_path: Path) -> None:
    write_csv(tmp_path, {"train": make_faces(4, seed=3)})
    with pytest.raises(ConfigError, match="no images of 'validation'"):
        load_training_data(DataSource(tmp_path, "train", "validation"))
    write_folder(tmp_path / "few", "train", make_faces(4, seed=3))
    with pytest.raises(ConfigError, match="too few faces"):
        load_training_data(DataSource(tmp_path / "few", "train", "validation"))


def test_the_content_hash_sees_labels_and_pixels_but_not_order() -> None:
    faces = make_faces(8, seed=5)
    turned = faces.take(np.arange(8)[::-1])
    relabelled = replace(faces, labels=(faces.labels + 1) % 7)
    assert content_sha256(turned) == content_sha256(faces)
    assert content_sha256(relabelled) != content_sha256(faces)


def test_votes_become_shares_of_the_expressions() -> None:
    voted = with_ballots(make_faces(2, seed=6), {"happiness": 6, "neutral": 2, "unknown": 2}, {})
    shares = vote_targets(voted)
    assert shares.shape == (2, len(VOTE_NAMES))
    assert shares[0, VOTE_NAMES.index("happiness")] == pytest.approx(0.75)
    assert shares.sum(axis=1).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("ballot", "label"),
    [
        ({"happiness": 6, "neutral": 4}, "happy"),
        ({"anger": 10}, "angry"),
        ({"fear": 5, "sadness": 5}, None),  # half is not more than half
        ({"fear": 4, "surprise": 1, "anger": 1, "sadness": 2, "neutral": 1}, "fear"),
        ({"contempt": 7}, None),
        ({"surprise": 3, "unknown": 6}, None),
        ({"surprise": 3, "NF": 7}, None),
        ({}, None),
    ],
)
def test_the_majority_is_that_of_ferplus(ballot: dict[str, int], label: str | None) -> None:
    voted = with_ballots(make_faces(1, seed=6), ballot)
    assert majority_labels(voted).tolist() == [LABELS.index(label) if label else -1]


def test_real_training_faces_that_are_in_validation_are_351(fer2013: dict[str, FaceSet]) -> None:
    train, validation = fer2013["train"], fer2013["validation"]
    kept = len(without_duplicates_of(train, validation))
    assert (kept, len(train) - kept, len(validation)) == (28358, 351, 3589)


def test_real_validation_faces_with_a_majority_of_voters_are_3186(
    fer2013: dict[str, FaceSet],
) -> None:
    assert np.count_nonzero(majority_labels(fer2013["validation"]) >= 0) == 3186
