from __future__ import annotations

import hashlib
import json
import logging
import shutil
from pathlib import Path

import pytest

from classifier import manifest
from classifier.backends import choose_backend, load_backend
from classifier.manifest import MAX_MANIFEST_BYTES, check_model
from classifier.onnx_backend import OnnxBackend
from common.errors import ModelError
from common.face_model import BUNDLED_MODEL_DIR, LABELS, MANIFEST_NAME

NOTHING = hashlib.sha256(b"").hexdigest()


def write_model(folder: Path, **manifest_values: object) -> Path:
    """Write a file of ten bytes, and a manifest that lists it but for what is given."""
    model = folder / "mine.onnx"
    model.write_bytes(b"0123456789")
    entry = {"sha256": hashlib.sha256(b"0123456789").hexdigest(), "bytes": 10}
    values = {
        "files": {"mine.onnx": entry},
        "labels": list(LABELS),
        "input": "(n, 48, 48) uint8 grey faces",
    } | manifest_values
    (folder / MANIFEST_NAME).write_text(json.dumps(values))
    return model


def refusal(model: Path) -> str:
    """Return what the refusal of a model says: one line that names the file."""
    with pytest.raises(ModelError) as caught:
        check_model(model)
    message = str(caught.value)
    assert message.startswith(f"CLASSIFIER_MODEL={model}: ")
    assert "\n" not in message
    assert len(message) < 1000
    return message


@pytest.mark.parametrize("name", ["onnx", "tensorflow"])
def test_bundled_files_are_those_of_the_bundled_manifest(name: str) -> None:
    assert check_model(choose_backend(name, None)[1])


def test_file_of_its_manifest_is_taken(tmp_path: Path) -> None:
    assert check_model(write_model(tmp_path))


def test_hash_in_capitals_is_the_same_hash(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(b"0123456789").hexdigest().upper()
    assert check_model(write_model(tmp_path, files={"mine.onnx": {"sha256": sha256, "bytes": 10}}))


def test_manifest_may_be_silent_about_labels_and_input(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    path = tmp_path / MANIFEST_NAME
    path.write_text(json.dumps({"files": json.loads(path.read_text())["files"]}))
    assert check_model(model)


@pytest.mark.parametrize("data", [b"", b"012345678", b"0123456780", b"01234567890"])
def test_any_other_file_is_refused_with_both_hashes_and_sizes(tmp_path: Path, data: bytes) -> None:
    model = write_model(tmp_path)
    model.write_bytes(data)
    message = refusal(model)
    assert f"lists it with SHA-256 {hashlib.sha256(b'0123456789').hexdigest()[:12]}..." in message
    assert "and 10 bytes" in message
    assert f"found SHA-256 {hashlib.sha256(data).hexdigest()[:12]}..." in message
    assert f"and {len(data)} bytes" in message
    assert "copy the model and its manifest again" in message


def test_size_that_does_not_fit_the_hash_is_refused(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(b"0123456789").hexdigest()
    model = write_model(tmp_path, files={"mine.onnx": {"sha256": sha256, "bytes": 11}})
    assert "and 11 bytes, found" in refusal(model)


def test_model_that_is_listed_but_gone_is_refused(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    model.unlink()
    assert "No such file" in refusal(model)


def test_files_larger_than_a_chunk_are_hashed_whole(tmp_path: Path) -> None:
    data = bytes(2**20) + b"end"
    entry = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    model = write_model(tmp_path, files={"mine.onnx": entry})
    model.write_bytes(data)
    assert check_model(model)
    model.write_bytes(data[:-1] + b"D")
    refusal(model)


@pytest.mark.parametrize("values", [{"files": {}}, {"files": {"other.onnx": {}}}, {}])
def test_own_model_that_no_manifest_lists_is_taken_unchecked(
    tmp_path: Path, values: dict[str, object]
) -> None:
    model = write_model(tmp_path)
    (tmp_path / MANIFEST_NAME).write_text(json.dumps(values | {"labels": ["of another model"]}))
    assert not check_model(model)
    (tmp_path / MANIFEST_NAME).unlink()
    assert not check_model(model)


def copy_bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Bundle a copy that a test can damage; return its ONNX file."""
    folder = tmp_path / "models"
    shutil.copytree(BUNDLED_MODEL_DIR, folder)
    monkeypatch.setattr(manifest, "BUNDLED_MODEL_DIR", folder)
    assert check_model(folder / "expression.onnx")
    return folder / "expression.onnx"


def test_bundled_model_without_a_manifest_that_lists_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = copy_bundled(tmp_path, monkeypatch)
    path = model.with_name(MANIFEST_NAME)
    path.write_text(json.dumps({"files": {"expression.keras": {}}}))
    assert f"there is no {path} that lists the bundled model" in refusal(model)
    path.unlink()
    assert "install ferstream again" in refusal(model)
    monkeypatch.chdir(model.parent)
    assert "that lists the bundled model" in refusal(Path(model.name))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "cannot be read"),
        (b'{"files": {', "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"[]", "Expected `object`, got `array`"),
        (b"null", "Expected `object`, got `null`"),
        (b" " * MAX_MANIFEST_BYTES + b"{}", f"larger than {MAX_MANIFEST_BYTES} bytes"),
        (b'{"files": ["mine.onnx"]}', "Expected `object`, got `array` - at `$.files`"),
        (b'{"files": null}', "Expected `object`, got `null` - at `$.files`"),
    ],
    ids=["empty", "half", "binary", "deep", "list", "null", "huge", "list of files", "no files"],
)
def test_damaged_manifest_is_refused_with_what_is_wrong(
    tmp_path: Path, text: bytes, complaint: str
) -> None:
    model = write_model(tmp_path)
    (tmp_path / MANIFEST_NAME).write_bytes(text)
    assert complaint in refusal(model)


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (None, "Expected `object`, got `null`"),
        (NOTHING, "Expected `object`, got `str`"),
        ({"bytes": 10}, "sha256"),
        ({"sha256": 7, "bytes": 10}, "sha256"),
        ({"sha256": NOTHING[:-1], "bytes": 10}, "sha256"),
        ({"sha256": NOTHING + "\n", "bytes": 10}, "sha256"),
        ({"sha256": "x" * 64, "bytes": 10}, "sha256"),
        ({"sha256": NOTHING}, "bytes"),
        ({"sha256": NOTHING, "bytes": "10"}, "bytes"),
        ({"sha256": NOTHING, "bytes": True}, "bytes"),
        ({"sha256": NOTHING, "bytes": -1}, "bytes"),
        ({"sha256": NOTHING, "bytes": 10.0}, "bytes"),
    ],
    ids=str,
)
def test_entry_of_the_wrong_kind_is_refused(tmp_path: Path, entry: object, key: str) -> None:
    model = write_model(tmp_path, files={"mine.onnx": entry})
    message = refusal(model)
    assert "manifest.json lists it wrongly: " in message
    assert key in message


def test_manifest_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    (tmp_path / MANIFEST_NAME).unlink()
    (tmp_path / MANIFEST_NAME).mkdir()
    assert "manifest.json is no file" in refusal(model)


@pytest.mark.parametrize(
    "labels",
    [list(reversed(LABELS)), [*LABELS, "contempt"], "angry", None, ["x" * 1000] * 100],
    ids=["order", "eight", "text", "null", "long"],
)
def test_model_of_other_labels_is_refused_by_name(tmp_path: Path, labels: object) -> None:
    message = refusal(write_model(tmp_path, labels=labels))
    assert "says labels " in message
    assert f"expected {list(LABELS)}" in message


@pytest.mark.parametrize("given", ["(n, 64, 64) uint8 grey faces", "(n, 48, 48) float32", 48, None])
def test_model_of_another_input_is_refused_by_name(tmp_path: Path, given: object) -> None:
    message = refusal(write_model(tmp_path, input=given))
    assert f"says input {given}, expected (n, 48, 48) uint8" in message


@pytest.mark.parametrize("backend", ["onnx", "tensorflow"])
def test_no_library_opens_a_file_that_is_not_the_one_listed(tmp_path: Path, backend: str) -> None:
    model = write_model(tmp_path)
    model.write_bytes(b"no model at all")
    with pytest.raises(ModelError, match=r"manifest\.json lists it with"):
        load_backend(backend, model)


def test_own_model_is_loaded_unchecked_with_one_line_that_says_so(
    tmp_path: Path, onnx_model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = tmp_path / "mine.onnx"
    shutil.copyfile(onnx_model, model)
    with caplog.at_level(logging.INFO):
        assert isinstance(load_backend("onnx", model), OnnxBackend)
    told = [record for record in caplog.records if "not checked" in record.message]
    assert [record.levelname for record in told] == ["INFO"]
    assert str(model) in told[0].message


def test_bundled_model_is_loaded_without_such_a_line(
    onnx_model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        load_backend("onnx", onnx_model)
    assert not any("not checked" in record.message for record in caplog.records)
