from __future__ import annotations

import base64
from pathlib import Path

import pytest

from common.errors import ConfigError
from tests.training.exported_run import (
    EPOCHS,
    write_finished_run,
    write_manifest,
    write_unfinished_run,
)
from training.measure.pictures import RECALL, SAMPLES
from training.measure.run_summary import PICTURES, SHOWN_MODEL, summarize_run
from training.model.model_files import ONNX_NAME


def test_a_finished_run_misses_nothing(tmp_path: Path) -> None:
    write_finished_run(tmp_path / "tiny")
    run = summarize_run(tmp_path / "tiny")
    assert run.name == "tiny"
    assert run.missing == ()
    assert len(run.history) == EPOCHS
    assert run.export is not None
    assert (run.export.epochs, run.export.best_epoch) == (3, 2)
    sizes = [(file, size) for file, _, size in run.export.models]
    # The manifest does not name the size of the second.
    assert sizes == [("expression.onnx", 4_696_412), ("expression.keras", None)]
    assert sum(score.faces for score in run.export.labels) == 28
    assert run.export.facts == {"temperature": 1.5}


def test_the_model_that_the_pictures_show_is_the_exported_onnx_file() -> None:
    assert SHOWN_MODEL == ONNX_NAME


def test_pictures_are_taken_along_whole(tmp_path: Path) -> None:
    write_finished_run(tmp_path / "tiny")
    pictures = dict(summarize_run(tmp_path / "tiny").pictures)
    assert tuple(pictures) == PICTURES
    kind, _, content = pictures[SAMPLES].partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == (tmp_path / "tiny" / SAMPLES.name).read_bytes()


def test_a_run_that_goes_on_says_what_is_missing(tmp_path: Path) -> None:
    write_unfinished_run(tmp_path / "tiny")
    run = summarize_run(tmp_path / "tiny")
    assert run.export is None
    assert len(run.pictures) == 3
    said = " ".join(run.missing)
    assert "manifest.json: the run still goes on" in said
    assert "pictures: confusion_matrix.png, reliability.png, recall.png, misclassified.png" in said


def test_an_export_of_an_earlier_epoch_is_told(tmp_path: Path) -> None:
    manifest = write_finished_run(tmp_path / "tiny")
    write_manifest(tmp_path / "tiny", manifest | {"epochs": 2})
    (note,) = summarize_run(tmp_path / "tiny").missing
    assert "made after epoch 2 of 3" in note


def test_an_export_elsewhere_has_no_epochs_but_all_else(tmp_path: Path) -> None:
    write_finished_run(tmp_path / "tiny")
    (tmp_path / "tiny" / "history.json").unlink()
    (tmp_path / "tiny" / RECALL.name).unlink()
    run = summarize_run(tmp_path / "tiny")
    assert run.history == ()
    assert run.export is not None
    assert [item.partition(":")[0] for item in run.missing] == ["history.json", "pictures"]


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"neither history\.json nor manifest\.json"):
        summarize_run(tmp_path / name)


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    manifest = write_finished_run(tmp_path / "tiny")
    metrics = manifest["metrics"]
    assert isinstance(metrics, dict)
    wrong_matrix = {"expression.onnx": metrics["expression.onnx"] | {"confusion_matrix": [[1]]}}
    changes: list[dict[str, object]] = [
        {"metrics": {}},
        {"metrics": wrong_matrix},
        {"epochs": "x"},
        {"files": 7},
    ]
    for change in changes:
        write_manifest(tmp_path / "tiny", manifest | change)
        with pytest.raises(ConfigError, match=r"manifest\.json is damaged"):
            summarize_run(tmp_path / "tiny")
    (tmp_path / "tiny" / "manifest.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"manifest\.json is damaged"):
        summarize_run(tmp_path / "tiny")
