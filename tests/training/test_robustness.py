from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.face_model import LABELS, Crops, Probabilities
from common.files import file_sha256
from tests.training.measure.plots.drawn_figures import PNG_START
from tests.training.pixel_model import faces_predicted_as, write_pixel_model
from tests.training.synthetic_faces import make_faces, write_folder
from training.measure.changes import KINDS, Kind, margin_of_scale
from training.measure.outcomes import measure_changed, measure_unchanged
from training.robustness import main
from training.run.augment import reframe_faces


def a_dot(row: int, column: int) -> Crops:
    """Return one dark image with a bright square of 5 px around a pixel."""
    image = np.zeros((1, 48, 48), dtype=np.uint8)
    image[0, row - 2 : row + 3, column - 2 : column + 3] = 250
    return image


def centre_of_light(image: Crops) -> tuple[float, float]:
    """Return the row and column of the mean bright pixel."""
    light = image[0].astype(np.float64)
    position = np.arange(48)
    rows, columns = light.sum(axis=1), light.sum(axis=0)
    return float(rows @ position / light.sum()), float(columns @ position / light.sum())


def test_faces_move_right_and_down_by_the_pixels_asked_for() -> None:
    moved = reframe_faces(a_dot(20, 20), 0.0, 1.0, 3.0, -2.0)
    assert centre_of_light(moved) == pytest.approx((18.0, 23.0), abs=0.05)


def test_a_larger_face_moves_away_from_the_centre() -> None:
    larger = reframe_faces(a_dot(13, 33), 0.0, 1.2, 0.0, 0.0)
    expected = (23.5 + 1.2 * (13 - 23.5), 23.5 + 1.2 * (33 - 23.5))
    assert centre_of_light(larger) == pytest.approx(expected, abs=0.1)
    assert larger.sum() == pytest.approx(1.44 * a_dot(13, 33).sum(), rel=0.05)


def test_a_face_turned_left_has_its_right_side_up() -> None:
    turned = reframe_faces(a_dot(23, 38), 90.0, 1.0, 0.0, 0.0)
    assert centre_of_light(turned) == pytest.approx((23.5 - 14.5, 23.0), abs=0.1)


def test_a_shift_is_the_same_for_a_scaled_and_turned_face() -> None:
    still = centre_of_light(reframe_faces(a_dot(20, 26), 10.0, 0.9, 0.0, 0.0))
    moved = centre_of_light(reframe_faces(a_dot(20, 26), 10.0, 0.9, 4.0, 1.0))
    assert np.subtract(moved, still) == pytest.approx((1.0, 4.0), abs=0.1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_amount_of_a_change_does_something_else_and_the_neutral_nothing(kind: Kind) -> None:
    images = make_faces(7, seed=3).images
    seen = {images.tobytes()}
    for amount in kind.amounts:
        changed = kind.apply(images, amount)
        assert changed.shape == images.shape
        assert changed.dtype == np.uint8
        seen.add(changed.tobytes())
    assert len(seen) == 1 + len(kind.amounts)
    assert list(kind.amounts) == sorted(kind.amounts)
    if kind.neutral is not None and kind.name != "blur":  # which has no width of 0
        np.testing.assert_array_equal(kind.apply(images, kind.neutral), images)


def test_the_margin_of_a_scale_is_what_the_wider_crop_adds() -> None:
    assert margin_of_scale(1.0) == 0.0
    assert margin_of_scale(0.5) == 0.5  # the crop is twice as wide: half an image on each side
    assert margin_of_scale(1.25) == pytest.approx(-0.1)


def test_a_model_that_looks_at_brightness_fails_where_brightness_changes() -> None:
    bright = np.full((6, 48, 48), 200, dtype=np.uint8)
    faces = replace(faces_predicted_as([0] * 6, [0] * 6), images=bright)

    def predict(images: Crops) -> Probabilities:
        dark = images.mean(axis=(1, 2)) < 180
        return np.asarray(np.eye(len(LABELS))[dark.astype(int)], dtype=np.float32)

    assert measure_unchanged(predict, faces).accuracy == 1.0
    accuracy = {(each.kind, each.amount): each.accuracy for each in measure_changed(predict, faces)}
    assert len(accuracy) == sum(len(kind.amounts) for kind in KINDS)
    assert accuracy["brightness", -60.0] == 0.0
    assert accuracy["brightness", 60.0] == 1.0
    assert accuracy["gamma", 2.0] == 0.0
    assert accuracy["moved right", -10.0] == 1.0


def run(model: Path, data: Path, *more: str) -> int:
    return main(["--model", str(model), "--data", str(data), "--split", "mine", *more])


def test_the_command_prints_a_table_and_writes_numbers_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pixel_model(tmp_path / "pixels.onnx")
    write_folder(tmp_path, "mine", faces_predicted_as([0, 0, 3, 3, 6], [0, 3, 3, 3, 3]))
    out = tmp_path / "report" / "out.json"
    plots = tmp_path / "plots"
    model = tmp_path / "pixels.onnx"
    assert run(model, tmp_path, "--json", str(out), "--plots", str(plots)) == 0
    report = json.loads(out.read_text())
    assert report["model_sha256"] == file_sha256(model)
    assert report["as_it_is"]["accuracy"] == 0.6
    assert report["as_it_is"]["accuracy_interval"] == pytest.approx([0.2307, 0.8824], abs=1e-4)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert lines[2].startswith("| none | 60.0 % (23.1 to 88.2) |")
    assert len(lines) == 3 + len(report["changed"]) == 3 + sum(len(k.amounts) for k in KINDS)
    assert any("scaled, 0.85 times as large (margin +0.088)" in line for line in lines)
    assert (plots / "robustness.png").read_bytes().startswith(PNG_START)
