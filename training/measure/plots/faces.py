"""Draws sheets of faces: what there is to learn from, as it is and as it is changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from common.face_model import FACE_SIZE_PX, LABELS, Crops
from training.config import TrainingConfig
from training.data.faces import FaceSet
from training.measure.plots.figures import new_figure, save_png
from training.run.augment import augment

FACES_A_ROW = 12
GAP_PX = 4
_PITCH_PX = FACE_SIZE_PX + GAP_PX
_WIDTH_IN, _HEIGHT_IN = 11.0, 6.4


def plot_samples(faces: FaceSet, seed: int, file: Path) -> None:
    """Draw a row of faces for each label, with their number, to a PNG.

    Args:
        faces: At least one; a label may have none.
        seed: The choice of faces follows from it.
        file: The PNG to write.
    """
    random = np.random.default_rng(seed)
    rows = [
        faces.images[random.permutation(np.flatnonzero(faces.labels == label))[:FACES_A_ROW]]
        for label in range(len(LABELS))
    ]
    counts = np.bincount(faces.labels, minlength=len(LABELS))
    names = [f"{name}\n{count} faces" for name, count in zip(LABELS, counts, strict=True)]
    save_rows(rows, names, f"{len(faces)} training faces, some of each label", file)


def plot_augmented_samples(faces: FaceSet, config: TrainingConfig, file: Path) -> None:
    """Draw a face of each label beside what augmentation makes of it, to a PNG.

    Args:
        faces: At least one; a label that has none has no row.
        config: Says how much faces are changed; which are drawn, and how, follows from its seed.
        file: The PNG to write.
    """
    random = np.random.default_rng(config.seed)
    rows, names = [], []
    for label in np.unique(faces.labels):
        image = faces.images[random.choice(np.flatnonzero(faces.labels == label))]
        copies = np.repeat(image[None], FACES_A_ROW - 1, axis=0)
        rows.append(np.concatenate([image[None], augment(copies, FACE_SIZE_PX, config, random)]))
        names.append(LABELS[label])
    save_rows(rows, names, "Left as it is, then as training changes it", file)


def save_rows(rows: Sequence[Crops], names: Sequence[str], title: str, file: Path) -> None:
    """Draw rows of up to ``FACES_A_ROW`` faces, each with its name, to a PNG."""
    figure = new_figure(_WIDTH_IN, 0.5 + _HEIGHT_IN * len(rows) / len(LABELS))
    axes = figure.subplots()
    show_sheet(axes, face_sheet(rows, FACES_A_ROW, GAP_PX))
    centres = np.arange(len(rows)) * _PITCH_PX + (FACE_SIZE_PX - 1) / 2
    axes.set_yticks(centres, names)
    axes.tick_params(left=False)
    axes.set_title(title)
    save_png(figure, file)


def face_sheet(rows: Sequence[Crops], columns: int, gap_below_px: int) -> NDArray[np.uint8]:
    """Return one ``(height, width) uint8`` picture of all rows on white.

    Args:
        rows: Each ``(n, 48, 48) uint8``, n at most ``columns``.
        columns: Faces that a full row has.
        gap_below_px: White under each row; between columns there are ``GAP_PX``.
    """
    pitch_px = FACE_SIZE_PX + gap_below_px
    sheet = np.full((len(rows) * pitch_px, columns * _PITCH_PX - GAP_PX), 255, dtype=np.uint8)
    for row, faces in enumerate(rows):
        for column, face in enumerate(faces):
            top, left = row * pitch_px, column * _PITCH_PX
            sheet[top : top + FACE_SIZE_PX, left : left + FACE_SIZE_PX] = face
    return sheet


def show_sheet(axes: Axes, sheet: NDArray[np.uint8]) -> None:
    """Show ``sheet`` in ``axes`` without a frame; positions are its pixels."""
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="lanczos")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
