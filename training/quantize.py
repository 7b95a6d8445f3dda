"""``python -m training.quantize``: writes an ONNX model whose convolutions are 8-bit integers.

The file is smaller and, on processors with instructions for it, several times as fast. The ranges
of the activations are measured on training faces, never on validation; on validation both models
are measured, and a file that loses more than 0.3 points of accuracy is not written. The data must
be that which the model was trained on, as the manifest.json beside it says. The new file gets an
entry in the manifest.json beside it. How fast it is, python -m benchmarks.classifier_speed says.
"""

from __future__ import annotations

import common.onnx_session  # noqa: F401 - before any of ONNX Runtime

# isort: split
import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from common.command import Command
from common.errors import ConfigError, ModelError
from common.face_model import MANIFEST_NAME, Crops
from common.files import replacing
from common.json_files import write_json
from common.progress_bar import progress_bar
from training.data.faces import FaceSet, content_sha256
from training.data.readers import find_split
from training.data.splits import (
    DataSource,
    TrainingData,
    add_data_arguments,
    load_training_data,
    source_from_arguments,
)
from training.measure.evaluation import Evaluation, evaluate_faces
from training.metrics import percent
from training.model.manifest_file import file_facts, read_manifest
from training.model.predictor import open_model

MAX_LOSS = 0.003
"""How much accuracy on validation may be lost, as a share of 1."""
CALIBRATION_FACES = 512
SEED = 1
"""The choice of faces follows from it."""
_BATCH = 32
_OPERATORS = ["Conv", "Relu", "Add", "MaxPool"]
"""What runs in integers. Pooling over all positions, the head and the softmax cost next to nothing
in float32, and there each rounding would reach the probabilities."""


class _Faces(CalibrationDataReader):  # type: ignore[misc]  # the library has no types
    """Hands training faces to the calibration."""

    def __init__(self, faces: Crops, name: str) -> None:
        starts = progress_bar(range(0, len(faces), _BATCH), "calibrating", "batch")
        self._parts: Iterator[dict[str, Crops]] = (
            {name: faces[start : start + _BATCH]} for start in starts
        )

    def get_next(self) -> dict[str, Crops] | None:
        """Return the next batch, None after the last."""
        return next(self._parts, None)


def quantize_model(model: Path, faces: Crops, target: Path) -> None:
    """Write ``model`` with convolutions in 8-bit integers.

    Activations are 8 bits without sign. Weights are 7 bits with one scale a channel: processors
    without VNNI add two products of 8 bits in 16, which can overflow with weights of 8 bits, and
    then the answers would depend on the machine. The first convolution stays as it is: it is
    cheap, and its rounding would go through all the others.

    Args:
        model: Exported ONNX model, of float32.
        faces: ``(n, 48, 48) uint8`` to measure the range of each activation on.
        target: File to write.
    """
    with tempfile.TemporaryDirectory(prefix="ferstream-") as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(model, prepared, skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        convolutions = [node.name for node in graph.node if node.op_type == "Conv"]
        quantize_static(
            prepared,
            target,
            _Faces(faces, graph.input[0].name),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_OPERATORS,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=convolutions[:1],
            calibrate_method=CalibrationMethod.MinMax,
        )


def quantize_and_check(
    model: Path, data: TrainingData, source: DataSource, target: Path
) -> tuple[Evaluation, Evaluation]:
    """Write ``target``, unless it loses too much.

    Returns:
        What ``model`` and what ``target`` are worth on validation.

    Raises:
        ModelError: ``model`` cannot be used, or loses more than ``MAX_LOSS``.
    """
    with replacing(target) as unchecked:
        quantize_model(model, calibration_faces(data).images, unchecked)
        before, after = (
            evaluate_faces(file, data.validation, source.validation_split, source.folder)
            for file in (model, unchecked)
        )
        loss = before.metrics.accuracy - after.metrics.accuracy
        if loss > MAX_LOSS:
            raise ModelError(
                f"{model} in integers loses {loss:.4f} of accuracy on validation, allowed: "
                f"{MAX_LOSS}; nothing was written"
            )
    return before, after


def calibration_faces(data: TrainingData) -> FaceSet:
    """Return the training faces that ranges are measured on, always the same."""
    order = np.random.default_rng(SEED).permutation(len(data.train))
    return data.train.take(order[:CALIBRATION_FACES])


def load_data(model: Path, source: DataSource) -> TrainingData:
    """Load what ``model`` was trained and validated on, split as it was then.

    The manifest beside the model says what that was. Without it only a validation split of its own
    keeps apart what the model has learned from.

    Raises:
        ConfigError: The data is not what the model was trained on, or nothing tells.
    """
    file = model.with_name(MANIFEST_NAME)
    manifest = read_manifest(file)
    expected = manifest.get("data", {}).get("content_sha256")
    if expected is None and "config" in manifest:
        raise ConfigError(f"{file} is damaged (no `$.data.content_sha256`); export again")
    if expected is None and find_split(source.folder, source.validation_split) is None:
        raise ConfigError(
            f"{file} does not say what {model.name} was trained on, and {source.folder} has no "
            f"split {source.validation_split!r}: copy the manifest of the run there, or name "
            "a --validation-split"
        )
    data = load_training_data(source)
    if expected is not None and data.sha256() != expected:
        raise ConfigError(
            f"{source.folder} is not what {model} was trained on: {MANIFEST_NAME} says "
            f"{_shown(expected)}, found {_shown(data.sha256())}; give --data, --train-split, "
            "--validation-split and --label-map as in the manifest's command"
        )
    return data


def _shown(sha256: str) -> str:
    """Word ``TrainingData.sha256``, the hashes of both splits one after the other."""
    return f"SHA-256 {sha256[:12]}... of training, {sha256[64:76]}... of validation"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--model", type=Path, required=True, help="exported .onnx file")
    add_data_arguments(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help=".onnx to write")


def run(options: argparse.Namespace) -> None:
    """Write the file and its entry in the manifest, and print what both models are worth."""
    model, target, source = options.model, options.to, source_from_arguments(options)
    if model.suffix != ".onnx":
        raise ConfigError(f"--model is {model}, expected the .onnx file of the run")
    if target.suffix != ".onnx" or target.resolve() == model.resolve():
        raise ConfigError(f"--to is {target}, expected another .onnx file than --model")
    open_model(model)  # a wrong path should not wait for the data to be read
    manifest = read_manifest(target.with_name(MANIFEST_NAME))
    data = load_data(model, source)
    target.parent.mkdir(parents=True, exist_ok=True)
    before, after = quantize_and_check(model, data, source, target)
    calibration = calibration_faces(data)
    manifest.setdefault("files", {})[target.name] = file_facts(target)
    manifest.setdefault("metrics", {})[target.name] = after.as_json()
    manifest.setdefault("quantized", {})[target.name] = {
        "model_sha256": before.model_sha256,
        "calibration_faces": len(calibration),
        "calibration_sha256": content_sha256(calibration),
    }
    write_json(target.with_name(MANIFEST_NAME), manifest)
    print(
        f"{target}: accuracy {percent(after.metrics.accuracy)}, NLL {after.metrics.nll:.3f} on "
        f"{after.metrics.images} validation faces; {model.name}: "
        f"{percent(before.metrics.accuracy)}, {before.metrics.nll:.3f}"
    )


main = Command("training.quantize", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
