"""Draws pairs of faces that are alike, for people to say whether they are one photograph."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from common.face_model import Crops
from training.data.likeness import Likeness
from training.measure.plots.faces import FACES_A_ROW, save_rows

BANDS = (0.86, 0.88, 0.90, 0.92, 0.94, 0.96, 1.0)
SEED = 1


def plot_pairs(faces: Crops, others: Crops, likeness: Likeness, file: Path) -> None:
    """Draw up to 12 pairs of each band of correlation, one face above the other, to a PNG.

    Args:
        faces: ``(n, 48, 48) uint8``.
        others: ``(m, 48, 48) uint8``.
        likeness: Likeness of the first to the second.
        file: The PNG to write.
    """
    random = np.random.default_rng(SEED)
    rows, names = [], []
    for low, high in pairwise(BANDS):
        within = (likeness.correlation >= low) & (likeness.correlation < high)
        chosen = random.permutation(np.flatnonzero(within))[:FACES_A_ROW]
        if len(chosen):
            rows += [faces[chosen], others[likeness.row[chosen]]]
            names += [f"{low:.2f} to {high:.2f}\n{within.sum()} faces", "most alike"]
    if rows:
        save_rows(rows, names, "Validation faces, and the training face most like each", file)
