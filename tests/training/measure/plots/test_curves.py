from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.training.measure.plots.drawn_figures import PNG_START, points_of, texts_of
from training.measure.plots.curves import plot_learning_curves
from training.run.history import EpochRecord


def record(epoch: int, size_px: int = 48) -> EpochRecord:
    return EpochRecord(
        epoch=epoch,
        size_px=size_px,
        rate=0.1 / epoch,
        seconds=2.0,
        train_loss=2.0 - 0.1 * epoch,
        train_accuracy=0.2 + 0.1 * epoch,
        validation_loss=1.9 - 0.1 * epoch,
        validation_accuracy=0.25 + 0.1 * epoch,
    )


Draw = Callable[[list[EpochRecord], int], dict[str, Axes]]


@pytest.fixture
def draw(tmp_path: Path, figures: list[Figure]) -> Draw:
    """Draws the curves; returns their axes by what they show."""

    def draw_curves(history: list[EpochRecord], best_epoch: int) -> dict[str, Axes]:
        plot_learning_curves(history, best_epoch, tmp_path / "curves.png")
        return {str(axes.get_label()): axes for axes in figures[0].axes}

    return draw_curves


def test_the_curves_are_those_of_the_history(draw: Draw) -> None:
    history = [record(1), record(2), record(3)]
    panels = draw(history, 2)
    curves = {str(line.get_label()): line for line in panels["loss"].lines}
    training = curves["training (augmented, weights as they are)"]
    assert points_of(training)[0] == [1, 2, 3]
    assert points_of(training)[1] == pytest.approx([1.9, 1.8, 1.7])
    assert points_of(panels["rate"].lines[0])[1] == pytest.approx([0.1, 0.05, 0.1 / 3])
    assert texts_of(panels["rate"]) == [], "images of one size need no words"


def test_the_best_epoch_is_marked_at_its_validation(draw: Draw) -> None:
    panels = draw([record(1), record(2), record(3)], 2)
    label = "best epoch: 2, validation accuracy 45.0 %"
    (mark,) = (line for line in panels["accuracy"].lines if line.get_label() == label)
    assert points_of(mark)[0] == [2]
    assert points_of(mark)[1] == pytest.approx([0.45])


def test_larger_images_are_named_where_they_begin(draw: Draw) -> None:
    history = [record(1, 24), record(2, 24), record(3, 48)]
    panels = draw(history, 3)
    assert texts_of(panels["rate"]) == ["images of 24 px", "images of 48 px"]
    dotted = [line for line in panels["accuracy"].lines if line.get_linestyle() == ":"]
    assert [points_of(line)[0][0] for line in dotted] == [2.5]


def test_the_first_epoch_is_drawn_though_a_line_needs_two(tmp_path: Path, draw: Draw) -> None:
    panels = draw([record(1)], 1)
    assert panels["accuracy"].lines[0].get_marker() not in {None, "None", ""}
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG_START)
