"""Draws the faces that a model gets wrong, and what people said about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from common.face_model import FACE_SIZE_PX, LABELS, Probabilities
from training.data.faces import BALLOT, VOTE_OF_LABEL, FaceSet, majority_labels
from training.measure.plots.faces import GAP_PX, face_sheet, show_sheet
from training.measure.plots.figures import new_figure, save_png

COLUMNS, MAX_ROWS = 9, 4
LINE_PX = 7.0
"""Height of a line of text, in pixels of a face."""
_PITCH_PX = FACE_SIZE_PX + GAP_PX
_WIDTH_IN = 12.5

_WORDS = dict(zip(VOTE_OF_LABEL, LABELS, strict=True)) | {"NF": "no face"}
_CHOICES = tuple(_WORDS.get(name, name) for name in BALLOT)
"""What voters could choose, in our words."""


def plot_misclassified(probabilities: Probabilities, faces: FaceSet, file: Path) -> None:
    """Draw the misclassified faces, most confident first, to a PNG.

    Under each stand its label, what the model says, and the majority of the FER+ voters, if anyone
    voted on any of ``faces``.

    Args:
        probabilities: ``(n, 7) float32`` of ``faces``, in their order.
        faces: At least one.
        file: The PNG to write.
    """
    predicted = probabilities.argmax(axis=1)
    rows = misclassified_rows(probabilities, faces)
    shown = rows[: COLUMNS * MAX_ROWS]
    lines = 3 if faces.votes.any() else 2
    below_px = round(LINE_PX * lines + 6)
    sheet_rows = [shown[start : start + COLUMNS] for start in range(0, len(shown), COLUMNS)]
    height_in = _WIDTH_IN * (FACE_SIZE_PX + below_px) / (COLUMNS * _PITCH_PX)
    figure = new_figure(_WIDTH_IN, 0.8 + height_in * len(sheet_rows))
    axes = figure.subplots()
    axes.set_title(_headline(predicted, rows, faces))
    sheet = face_sheet([faces.images[row] for row in sheet_rows], COLUMNS, below_px)
    show_sheet(axes, sheet if len(shown) else np.full((1, 1), 255, dtype=np.uint8))
    majority = majority_labels(faces)
    for place, row in enumerate(shown):
        left = place % COLUMNS * _PITCH_PX
        top = place // COLUMNS * (FACE_SIZE_PX + below_px) + FACE_SIZE_PX + 1
        name, confidence = LABELS[predicted[row]], probabilities[row].max()
        _write(axes, left, top, f"label: {LABELS[faces.labels[row]]}", "0.2")
        _write(axes, left, top + LINE_PX, f"model: {name} {confidence:.0%}", "tab:red")
        if lines == 3:
            sides_with_model = majority[row] == predicted[row]
            colour = "tab:green" if sides_with_model else "0.45"
            _write(axes, left, top + 2 * LINE_PX, f"voters: {_vote(faces.votes[row])}", colour)
    save_png(figure, file)


def misclassified_rows(probabilities: Probabilities, faces: FaceSet) -> NDArray[np.int64]:
    """Return the rows of ``faces`` that are predicted wrong, most confident first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != faces.labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


def _headline(predicted: NDArray[np.int64], rows: NDArray[np.int64], faces: FaceSet) -> str:
    """Count mistakes, and on how many of them FER+ voters side with whom."""
    text = f"{len(rows)} of {len(faces)} faces are misclassified"
    if len(rows) > COLUMNS * MAX_ROWS:
        text += f"; these {COLUMNS * MAX_ROWS} are the most confident mistakes"
    majority = majority_labels(faces)[rows]
    if (majority >= 0).any():
        with_model = int((majority == predicted[rows]).sum())
        with_label = int((majority == faces.labels[rows]).sum())
        text += (
            f"\nof all {len(rows)}, most FER+ voters say what the model says on {with_model} "
            f"(green below), what the label says on {with_label}"
        )
    return text


def _vote(votes: NDArray[np.float32]) -> str:
    """Word the leading choice of ``(10,)`` counts of votes, with its share of them all."""
    if not votes.any():
        return "none"
    best = np.flatnonzero(votes == votes.max())
    if len(best) > 1:
        return "undecided"
    return f"{_CHOICES[best[0]]} {votes.max() / votes.sum():.0%}"


def _write(axes: Axes, left_px: float, top_px: float, text: str, colour: str) -> None:
    axes.text(left_px, top_px, text, color=colour, fontsize=8.5, va="top", ha="left")
