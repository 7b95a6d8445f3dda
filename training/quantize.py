"""``python -m training.quantize``: writes an ONNX model whose convolutions are 8-bit integers.

The file is smaller and, on processors with instructions for it, several times as fast. The ranges
of the activations are measured on training faces, never on validation; on validation both models
are measured, and a file that loses more than 0.3 points of accuracy is not written. The file gets
an entry in the manifest.json beside it. How fast it is, python -m benchmarks.classifier_speed says.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
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

from common.errors import ConfigError, ModelError
from common.face_model import Crops
from common.hashing import file_sha256
from training.dataset.faces import FaceSet, content_sha256
from training.dataset.splits import (
    DataSource,
    TrainingData,
    add_data_arguments,
    load_training_data,
    source_from_arguments,
)
from training.evaluate import Evaluation, evaluate_faces
from training.predictor import open_model
from training.progress import progress_bar

MANIFEST_NAME = "manifest.json"
ENTRIES = ("files", "metrics", "quantized")
"""Of the manifest, each an object with one entry a file."""
MAX_LOSS = 0.003
"""Of accuracy on validation, a share of 1."""
CALIBRATION_FACES = 512
SEED = 1
"""Of the choice of faces; and of the tenth held out where there is no validation split, as that
of ``TrainingConfig``."""
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
        """Gives the next batch, None after the last."""
        return next(self._parts, None)


def quantize_model(model: Path, faces: Crops, target: Path) -> None:
    """Writes ``model`` with convolutions in 8-bit integers.

    Activations are 8 bits without sign. Weights are 7 bits with one scale a channel: processors
    without VNNI add two products of 8 bits in 16, which can overflow with weights of 8 bits, and
    then the answers would depend on the machine. The first convolution stays as it is: it is
    cheap, and its rounding would go through all the others.

    Args:
        model: exported ONNX model, of float32.
        faces: ``(n, 48, 48) uint8`` to measure the range of each activation on.
        target: file to write.
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
    """Writes ``target``, unless it loses too much.

    Returns:
        What ``model`` and what ``target`` are worth on validation.

    Raises:
        ModelError: if ``model`` cannot be used, or loses more than ``MAX_LOSS``.
    """
    unchecked = target.with_name(f".unchecked-{target.name}")
    try:
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
        unchecked.replace(target)
    finally:
        unchecked.unlink(missing_ok=True)
    return before, after


def calibration_faces(data: TrainingData) -> FaceSet:
    """Returns the training faces that ranges are measured on, always the same."""
    order = np.random.default_rng(SEED).permutation(len(data.train))
    return data.train.take(order[:CALIBRATION_FACES])


def read_manifest(file: Path) -> dict[str, dict[str, object]]:
    """Returns the manifest of the folder, an empty one where there is none.

    Raises:
        ConfigError: if the file is no manifest.
    """
    if not file.exists():
        return {}
    try:
        values = json.loads(file.read_bytes())
    except ValueError as err:
        raise ConfigError(f"{file} is not valid JSON ({err}); remove it or export again") from err
    parts = [values.get(key, {}) for key in ENTRIES] if isinstance(values, dict) else [None]
    if not all(isinstance(part, dict) for part in parts):
        raise ConfigError(f"{file} is no manifest of training.export; remove it or export again")
    return dict(values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parsed = _parser().parse_args(arguments)
    source = source_from_arguments(parsed)
    try:
        before, after = _run(parsed.model, source, parsed.to)
    except (ConfigError, ModelError) as err:
        print(f"training.quantize: {err}", file=sys.stderr)
        return 2
    except OSError as err:
        print(f"training.quantize: cannot write {err.filename}: {err.strerror}", file=sys.stderr)
        return 2
    print(
        f"{parsed.to}: accuracy {after.metrics.accuracy:.4f}, NLL {after.metrics.nll:.4f} on "
        f"{after.metrics.images} validation faces; {parsed.model.name}: "
        f"{before.metrics.accuracy:.4f}, {before.metrics.nll:.4f}"
    )
    return 0


def _run(model: Path, source: DataSource, target: Path) -> tuple[Evaluation, Evaluation]:
    """Does what the command line asks for."""
    if model.suffix != ".onnx":
        raise ConfigError(f"--model is {model}, expected the .onnx file of the run")
    if target.suffix != ".onnx" or target.resolve() == model.resolve():
        raise ConfigError(f"--to is {target}, expected another .onnx file than --model")
    open_model(model)  # a wrong path should not wait for the data to be read
    manifest = read_manifest(target.with_name(MANIFEST_NAME))
    data = load_training_data(source, SEED)
    target.parent.mkdir(parents=True, exist_ok=True)
    before, after = quantize_and_check(model, data, source, target)
    calibration = calibration_faces(data)
    facts = {"sha256": file_sha256(target), "bytes": target.stat().st_size}
    origin = {
        "model_sha256": before.model_sha256,
        "calibration_faces": len(calibration),
        "calibration_sha256": content_sha256(calibration),
    }
    for key, values in zip(ENTRIES, (facts, after.as_json(), origin), strict=True):
        manifest[key] = manifest.get(key, {}) | {target.name: values}
    text = json.dumps(manifest, indent=1) + "\n"
    target.with_name(MANIFEST_NAME).write_text(text, encoding="utf-8")
    return before, after


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.quantize",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", type=Path, required=True, help="exported .onnx file")
    add_data_arguments(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help=".onnx to write")
    return parser


if __name__ == "__main__":
    sys.exit(main())
