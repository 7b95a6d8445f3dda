"""Which backend runs which model here."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path

from classifier.backend import Backend
from classifier.manifest import check_model
from common.errors import ConfigError
from common.face_model import BUNDLED_MODEL_DIR, MANIFEST_NAME
from common.gpus import gpu_devices
from common.native_output import tensorflow_notices_left_out

ONNX = "onnx"
TENSORFLOW = "tensorflow"
SUFFIXES = {ONNX: ".onnx", TENSORFLOW: ".keras"}
BUNDLED_MODELS = {ONNX: "expression_int8.onnx", TENSORFLOW: "expression.keras"}
"""On CPUs the one in 8-bit integers: as accurate, and more than three times as fast where there are
instructions for it (docs/decisions.md)."""

log = logging.getLogger(__name__)


def choose_backend(name: str, model: Path | None) -> tuple[str, Path]:
    """Decide what runs which model file.

    Args:
        name: ``auto``, ``onnx`` or ``tensorflow``.
        model: A model file, or None for the bundled one.

    Returns:
        The backend's name and the path of the model.

    Raises:
        ConfigError: The backend cannot run the file, or is not installed.
    """
    if model is None:
        chosen = (TENSORFLOW if _sees_gpu() else ONNX) if name == "auto" else name
        _refuse_if_not_installed(chosen, "CLASSIFIER_BACKEND=tensorflow")
        return chosen, BUNDLED_MODEL_DIR / BUNDLED_MODELS[chosen]
    by_suffix = {suffix: backend for backend, suffix in SUFFIXES.items()}
    if model.suffix not in by_suffix:
        raise ConfigError(f"CLASSIFIER_MODEL={model}: expected a file ending in .onnx or .keras")
    if name not in ("auto", by_suffix[model.suffix]):
        raise ConfigError(
            f"CLASSIFIER_MODEL={model}: CLASSIFIER_BACKEND={name} runs {SUFFIXES[name]} files; "
            f"set CLASSIFIER_BACKEND to auto or {by_suffix[model.suffix]}"
        )
    _refuse_if_not_installed(by_suffix[model.suffix], f"CLASSIFIER_MODEL={model}")
    return by_suffix[model.suffix], model


def load_backend(name: str, model: Path) -> Backend:
    """Check a model file against its manifest and load it; only now is the library imported.

    Raises:
        ModelError: The file is not that of its manifest, is damaged, or does not fit the model
            contract.
    """
    if not check_model(model):
        log.info("%s was not checked: no %s beside it lists it", model, MANIFEST_NAME)
    log.info("loading %s with %s", model.name, name)
    if name == TENSORFLOW:
        with tensorflow_notices_left_out():
            from classifier.tensorflow_backend import TensorFlowBackend  # noqa: PLC0415 - 600 MB

            return TensorFlowBackend(model)
    from classifier.onnx_backend import OnnxBackend  # noqa: PLC0415 - not with TensorFlow

    return OnnxBackend(model)


def _refuse_if_not_installed(backend: str, setting: str) -> None:
    if backend == TENSORFLOW and not _has_tensorflow():
        raise ConfigError(
            f"{setting}: TensorFlow is not installed here; install it, or take an .onnx model and "
            "CLASSIFIER_BACKEND=onnx"
        )


def _has_tensorflow() -> bool:
    """Return whether TensorFlow is installed, as it is not in the container image."""
    return find_spec(TENSORFLOW) is not None


def _sees_gpu() -> bool:
    """Return whether TensorFlow sees a GPU, without importing it where there is no device."""
    if not gpu_devices() or not _has_tensorflow():
        return False
    with tensorflow_notices_left_out():
        from classifier.tensorflow_backend import sees_gpu  # noqa: PLC0415 - 600 MB

        return sees_gpu()
