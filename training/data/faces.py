"""Labelled faces in memory, and what does not depend on where they came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.face_model import LABELS, Crops

VOTE_NAMES = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)
"""The expressions that FER+ voters could choose (Barsoum et al., 2016, arXiv:1608.01041)."""

BALLOT = (*VOTE_NAMES, "unknown", "NF")
"""All they could choose; the last is "not a face"."""

VOTE_OF_LABEL = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""The FER+ name of each of ``LABELS``."""


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Labelled faces, sorted by name.

    Attributes:
        images: ``(n, 48, 48) uint8`` grey.
        labels: ``(n,) int64`` indices into ``LABELS``.
        names: N file names without their ending; FER+ votes are found by them.
        votes: ``(n, 10) float32`` counts in the order of ``BALLOT``; a row of zeros is a face
            nobody voted on.
    """

    images: Crops
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    votes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.int64]) -> FaceSet:
        """Return the faces at ``rows``, in that order."""
        return FaceSet(
            images=self.images[rows],
            labels=self.labels[rows],
            names=tuple(self.names[row] for row in rows),
            votes=self.votes[rows],
        )


def sorted_by_name(faces: FaceSet) -> FaceSet:
    """Return the same faces in an order that does not depend on the file system."""
    order = sorted(range(len(faces)), key=lambda row: (faces.names[row], int(faces.labels[row])))
    return faces.take(np.array(order, dtype=np.int64))


def without_duplicates_of(faces: FaceSet, others: FaceSet) -> FaceSet:
    """Return ``faces`` without those whose pixels are identical to one of ``others``.

    A network that has seen a validation image in training makes the validation result too good.
    """
    known = {image.tobytes() for image in others.images}
    kept = [row for row, image in enumerate(faces.images) if image.tobytes() not in known]
    return faces.take(np.array(kept, dtype=np.int64))


def hold_out(faces: FaceSet, fraction: float) -> tuple[FaceSet, FaceSet]:
    """Split off ``fraction`` of each label's faces, at random but always the same.

    So all runs are chosen by the same faces, those of a teacher and of its pupil too.

    Returns:
        The faces to train on, and the faces held out.
    """
    order = np.random.default_rng(1).permutation(len(faces))
    held = np.zeros(len(faces), dtype=bool)
    for label in range(len(LABELS)):
        rows = order[faces.labels[order] == label]
        held[rows[: round(fraction * len(rows))]] = True
    return faces.take(np.flatnonzero(~held)), faces.take(np.flatnonzero(held))


def content_sha256(faces: FaceSet) -> str:
    """Return a hash of pixels and labels that is the same for every form the data comes in."""
    digests = sorted(
        hashlib.sha256(bytes([int(label)]) + image.tobytes()).digest()
        for image, label in zip(faces.images, faces.labels, strict=True)
    )
    return hashlib.sha256(b"".join(digests)).hexdigest()


def ordered_sha256(faces: FaceSet) -> str:
    """Return a hash of everything that is learned from: pixels, labels, votes, and their order."""
    digest = hashlib.sha256()
    for values in (faces.images, faces.labels, faces.votes):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def vote_targets(faces: FaceSet) -> NDArray[np.float32]:
    """Return ``(n, 8) float32`` shares of the votes for an expression; zeros without any."""
    votes = faces.votes[:, : len(VOTE_NAMES)]
    shares: NDArray[np.float32] = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1.0)
    return shares.astype(np.float32)


def majority_labels(faces: FaceSet) -> NDArray[np.int64]:
    """Return ``(n,) int64``: the label that more than half of the voters chose, or -1.

    The filter of FER+ itself (Barsoum et al., section 3.1 and their published reader): a choice of
    one voter alone counts as none, and of what is left one choice must have more than half. Faces
    whose majority is contempt, "unknown" or "not a face" have no label here.
    """
    votes = np.where(faces.votes > 1.0, faces.votes, 0.0)
    label_of_vote = np.full(len(BALLOT), -1, dtype=np.int64)
    for label, name in enumerate(VOTE_OF_LABEL):
        label_of_vote[BALLOT.index(name)] = label
    most = votes.max(axis=1) > 0.5 * votes.sum(axis=1)
    majority: NDArray[np.int64] = np.where(most, label_of_vote[votes.argmax(axis=1)], -1)
    return majority
