from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from classifier import backends
from classifier.backend import first_line
from classifier.backends import choose_backend
from classifier.config import ClassifierConfig
from common import gpus
from common.config import load_config
from common.errors import ConfigError
from common.face_model import BUNDLED_MODEL_DIR


def with_gpu(monkeypatch: pytest.MonkeyPatch, *, sees_gpu: bool) -> None:
    monkeypatch.setattr(backends, "_sees_gpu", lambda: sees_gpu)


@pytest.mark.parametrize(("sees_gpu", "name"), [(True, "tensorflow"), (False, "onnx")])
def test_auto_takes_tensorflow_where_it_sees_a_gpu(
    monkeypatch: pytest.MonkeyPatch,
    sees_gpu: bool,
    name: str,
) -> None:
    with_gpu(monkeypatch, sees_gpu=sees_gpu)
    chosen, model = choose_backend("auto", None)
    assert chosen == name
    assert model.parent == BUNDLED_MODEL_DIR
    assert model.is_file()


@pytest.mark.parametrize("name", ["onnx", "tensorflow"])
def test_backend_that_is_named_is_taken_whatever_there_is(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with_gpu(monkeypatch, sees_gpu=name == "onnx")
    assert choose_backend(name, None)[0] == name


def test_without_any_gpu_device_tensorflow_is_not_even_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gpus, "GPU_DEVICES", ("/dev/no-such-gpu",))
    monkeypatch.setitem(sys.modules, "classifier.tensorflow_backend", None)
    assert choose_backend("auto", None)[0] == "onnx"


def test_a_gpu_without_tensorflow_leaves_auto_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "GPU_DEVICES", (os.devnull,))
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert choose_backend("auto", None)[0] == "onnx"


@pytest.mark.parametrize(
    ("name", "file", "setting"),
    [
        ("tensorflow", None, "CLASSIFIER_BACKEND=tensorflow"),
        ("auto", "m.keras", "CLASSIFIER_MODEL=m.keras"),
    ],
)
def test_tensorflow_that_is_not_installed_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, name: str, file: str | None, setting: str
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ConfigError, match=f"^{setting}: TensorFlow is not installed here; install"):
        choose_backend(name, Path(file) if file else None)


@pytest.mark.parametrize(("file", "name"), [("m.onnx", "onnx"), ("m.keras", "tensorflow")])
def test_model_file_decides_where_the_backend_is_left_open(
    monkeypatch: pytest.MonkeyPatch, file: str, name: str
) -> None:
    with_gpu(monkeypatch, sees_gpu=name == "onnx")
    assert choose_backend("auto", Path(file)) == (name, Path(file))
    assert choose_backend(name, Path(file)) == (name, Path(file))


@pytest.mark.parametrize(("name", "file"), [("tensorflow", "m.onnx"), ("onnx", "m.keras")])
def test_backend_that_cannot_run_the_file_is_refused_with_what_to_set(name: str, file: str) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_backend(name, Path(file))
    assert f"CLASSIFIER_MODEL={file}: CLASSIFIER_BACKEND={name} runs" in str(caught.value)
    assert "set CLASSIFIER_BACKEND to auto or" in str(caught.value)


@pytest.mark.parametrize("file", ["model.h5", "model", "model.ONNX.txt", ".onnx"])
def test_file_of_any_other_ending_is_refused(file: str) -> None:
    with pytest.raises(ConfigError, match=r"expected a file ending in \.onnx or \.keras"):
        choose_backend("auto", Path(file))


def test_settings_name_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CLASSIFIER_BACKEND=torch: expected auto or onnx or"):
        load_config(ClassifierConfig, "classifier", [], {"CLASSIFIER_BACKEND": "torch"})
    with pytest.raises(ConfigError, match=r"CLASSIFIER_MODEL=.*: expected a file that exists"):
        load_config(ClassifierConfig, "classifier", ["--model", str(tmp_path)], {})


@pytest.mark.parametrize(
    ("error", "line"),
    [(ValueError("one\ntwo"), "one"), (ValueError(""), "ValueError"), (KeyError("k"), "'k'")],
)
def test_error_is_told_in_one_line_even_where_it_says_nothing(error: Exception, line: str) -> None:
    assert first_line(error) == line
