from __future__ import annotations

from pathlib import Path

from tests.training.measure.plots.drawn_figures import PNG_START
from training.measure.plots.figures import new_figure, save_png


def test_a_picture_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "curves.png"
    file.write_bytes(b"an older picture")
    figure = new_figure(3.0, 2.0)
    figure.subplots().plot([1, 2], [3, 4])
    save_png(figure, file)
    assert file.read_bytes().startswith(PNG_START)
    assert list(tmp_path.iterdir()) == [file]
