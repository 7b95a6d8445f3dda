from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from common.face_model import LABELS
from tests.training.synthetic_faces import make_faces
from training.config import TrainingConfig
from training.measure.plots.faces import (
    FACES_A_ROW,
    face_sheet,
    plot_augmented_samples,
    plot_samples,
)
from training.run.arguments import usual_config

PITCH_PX = 52


def sheet_of(figure: Figure) -> NDArray[np.uint8]:
    """Return the picture of all faces in a figure."""
    return np.asarray(figure.axes[0].images[0].get_array(), dtype=np.uint8)


def face_at(sheet: NDArray[np.uint8], row: int, column: int) -> NDArray[np.uint8]:
    top, left = row * PITCH_PX, column * PITCH_PX
    return sheet[top : top + 48, left : left + 48]


def row_names(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_faces_lie_on_white_in_rows() -> None:
    faces = make_faces(3, seed=1).images
    sheet = face_sheet([faces[:2], faces[2:]], columns=2, gap_below_px=4)
    assert sheet.shape == (2 * PITCH_PX, 48 + PITCH_PX)
    assert np.array_equal(face_at(sheet, 0, 1), faces[1])
    assert np.array_equal(face_at(sheet, 1, 0), faces[2])
    assert (face_at(sheet, 1, 1) == 255).all()
    assert (sheet[48:PITCH_PX] == 255).all()


def test_samples_of_a_label_are_in_its_row_with_its_count(
    tmp_path: Path, figures: list[Figure]
) -> None:
    faces = make_faces(15, seed=1)  # three angry, two of each other label
    faces = faces.take(np.flatnonzero(faces.labels != 1))  # and none disgusted
    plot_samples(faces, 1, tmp_path / "samples.png")
    assert row_names(figures[0])[:3] == ["angry\n3 faces", "disgust\n0 faces", "fear\n2 faces"]
    sheet = sheet_of(figures[0])
    for row in range(len(LABELS)):
        expected = {image.tobytes() for image in faces.images[faces.labels == row]}
        shown = {face_at(sheet, row, column).tobytes() for column in range(len(expected))}
        assert shown == expected
        assert (face_at(sheet, row, len(expected)) == 255).all()


def test_which_samples_are_shown_follows_from_the_seed(
    tmp_path: Path, figures: list[Figure]
) -> None:
    for seed in (1, 1, 2):
        plot_samples(make_faces(200, seed=1), seed, tmp_path / "samples.png")
    first, again, other = (sheet_of(figure) for figure in figures)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_augmented_faces_stand_beside_the_face_they_come_from(
    tmp_path: Path, figures: list[Figure]
) -> None:
    faces = make_faces(4, seed=1)  # angry, disgust, fear, happy
    plot_augmented_samples(faces, TrainingConfig(), tmp_path / "augmented.png")
    sheet = sheet_of(figures[0])
    assert row_names(figures[0]) == list(LABELS[:4])
    for row, image in enumerate(faces.images):
        assert np.array_equal(face_at(sheet, row, 0), image)
        changed = [face_at(sheet, row, column) for column in range(1, FACES_A_ROW)]
        assert not any(np.array_equal(face, image) for face in changed)
        assert len({face.tobytes() for face in changed}) == FACES_A_ROW - 1


def test_augmentation_is_that_of_the_run(tmp_path: Path, figures: list[Figure]) -> None:
    faces = make_faces(1, seed=1)
    # Its faces are at most mirrored.
    plot_augmented_samples(faces, usual_config("classic"), tmp_path / "augmented.png")
    sheet = sheet_of(figures[0])
    shown = {face_at(sheet, 0, column).tobytes() for column in range(FACES_A_ROW)}
    assert shown == {faces.images[0].tobytes(), faces.images[0][:, ::-1].tobytes()}
