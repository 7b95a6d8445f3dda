from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from training import export
from training.export import main


@pytest.fixture
def shipped(trained: Path, tmp_path: Path) -> Path:
    """A copy of the exported folder, for a test to change."""
    return Path(shutil.copytree(trained / "shipped", tmp_path / "shipped"))


def export_to(target: Path, trained: Path) -> int:
    return main(
        ["--run", str(trained / "run"), "--data", str(trained / "data"), "--to", str(target)]
    )


def change_manifest(folder: Path, **values: object) -> str:
    """Put ``values`` into the manifest; return its text."""
    file = folder / "manifest.json"
    text = json.dumps(json.loads(file.read_text()) | values)
    file.write_text(text)
    return text


def test_what_was_made_of_the_old_model_is_removed_and_told(
    trained: Path, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, unlisted, outside = (
        shipped / "expression_int8.onnx",
        shipped / "mine.onnx",
        shipped.parent / "outside.onnx",
    )
    for file in (made, unlisted, outside):
        file.write_bytes(b"8 bits")
    listed = (made.name, "expression.onnx", "../outside.onnx", "gone.onnx")
    change_manifest(shipped, quantized={name: {"calibration_faces": 70} for name in listed})
    assert export_to(shipped, trained) == 0
    assert not made.exists()
    assert f"removed {made}: it was made of the old model" in capsys.readouterr().out
    assert unlisted.exists()
    assert outside.exists(), "a manifest speaks of its own folder only"
    manifest = json.loads((shipped / "manifest.json").read_text())
    assert set(manifest["files"]) == {"expression.keras", "expression.onnx"}
    assert (shipped / "expression.onnx").exists(), "it is the new one, whatever was there before"
    assert "quantized" not in manifest


def test_a_damaged_manifest_is_written_anew(trained: Path, shipped: Path) -> None:
    (shipped / "manifest.json").write_text("{")
    assert export_to(shipped, trained) == 0
    assert "files" in json.loads((shipped / "manifest.json").read_text())


def test_the_manifest_is_written_last(
    trained: Path,
    shipped: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = change_manifest(shipped, note="old")

    def fail(*given: object) -> None:
        raise OSError(28, "No space left on device", "recall.png")

    monkeypatch.setattr(export, "draw_evaluation", fail)
    assert export_to(shipped, trained) == 2
    assert capsys.readouterr().err == (
        "training.export: cannot read or write recall.png: No space left on device\n"
    )
    assert (shipped / "manifest.json").read_text() == before
