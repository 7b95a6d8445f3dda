"""Small labelled data sets, written in each of the forms that FER-2013 comes in."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from common.face_model import LABELS, Crops, Probabilities
from training.data.faces import BALLOT, VOTE_OF_LABEL, FaceSet

USAGE = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}


def make_faces(count: int, seed: int, first: int = 0) -> FaceSet:
    """Return ``count`` faces a network can learn: each label has stripes of its own.

    Their names are those of FER+ for rows ``first`` and on.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % len(LABELS)
    images = random.integers(0, 80, (count, 48, 48)).astype(np.uint8)
    for row, label in enumerate(labels):
        period = (3, 5, 8, 14)[label // 2]
        stripes = np.uint8(150) * (np.arange(48) % period < period / 2)
        images[row] += stripes[:, None] if label % 2 else stripes[None, :]
    votes = random.integers(0, 5, (count, len(BALLOT))).astype(np.float32)
    names = tuple(f"fer{first + row:07d}" for row in range(count))
    return FaceSet(images, labels, names, votes)


def with_ballots(faces: FaceSet, *ballots: Mapping[str, int]) -> FaceSet:
    """Return the faces with the votes of one ballot each, by the names in ``BALLOT``."""
    votes = np.array([[counts.get(name, 0) for name in BALLOT] for counts in ballots], np.float32)
    return replace(faces, votes=votes)


def voted_as(faces: FaceSet, labels: NDArray[np.int64]) -> FaceSet:
    """Return the faces with ten votes each, all for what its one of ``labels`` says."""
    return with_ballots(faces, *({VOTE_OF_LABEL[label]: 10} for label in labels))


def certain(predicted: list[int], *confidences: float) -> Probabilities:
    """Return rows that give a confidence to one label and share the rest out evenly."""
    rows = np.repeat((1 - np.array(confidences)[:, None]) / 6, len(LABELS), axis=1)
    rows[np.arange(len(predicted)), predicted] = confidences
    return rows.astype(np.float32)


def encode_png(image: Crops) -> bytes:
    """Return the bytes of a PNG file."""
    return bytes(cv2.imencode(".png", image)[1])


def write_folder(folder: Path, split: str, faces: FaceSet) -> None:
    """Write ``folder/split/<emotion>/<name>.png``."""
    for image, label, name in zip(faces.images, faces.labels, faces.names, strict=True):
        target = folder / split / LABELS[label]
        target.mkdir(parents=True, exist_ok=True)
        (target / f"{name}.png").write_bytes(encode_png(image))


def write_zip(folder: Path, split: str, faces: FaceSet) -> None:
    """Write ``folder/split.zip``."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{split}.zip", "w") as archive:
        for image, label, name in zip(faces.images, faces.labels, faces.names, strict=True):
            archive.writestr(f"{split}/{LABELS[label]}/{name}.png", encode_png(image))


def write_csv(folder: Path, splits: dict[str, FaceSet]) -> None:
    """Write ``folder/fer2013.csv`` with the rows of all splits, in the order given."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["emotion,pixels,Usage"]
    for split, faces in splits.items():
        for image, label in zip(faces.images, faces.labels, strict=True):
            pixels = " ".join(str(value) for value in image.ravel())
            lines.append(f"{label},{pixels},{USAGE[split]}")
    (folder / "fer2013.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_votes(folder: Path, *splits: FaceSet) -> Path:
    """Write ``folder/ferplus.csv`` with the votes on all splits, in the order given."""
    lines = [f"split,image,emotion,{','.join(BALLOT)}"]
    for faces in splits:
        for name, label, votes in zip(faces.names, faces.labels, faces.votes, strict=True):
            counts = ",".join(str(int(count)) for count in votes)
            lines.append(f"train,{name}.png,{LABELS[label]},{counts}")
    (folder / "ferplus.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "ferplus.csv"
