"""``python -m training.export``: writes the best weights of a run as a model to ship.

training.train does this at its end. This command does it again, or for a run that still goes on. It
writes expression.keras, expression.onnx, manifest.json, metrics.json and pictures of the result.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from common.command import Command
from common.errors import ConfigError
from common.face_model import MANIFEST_NAME
from common.json_files import write_json
from common.native_output import tensorflow_notices_left_out
from training.data.splits import (
    DataSource,
    TrainingData,
    add_data_arguments,
    load_training_data,
    source_from_arguments,
)

with tensorflow_notices_left_out():  # most of them load TensorFlow
    from training.measure.evaluation import evaluate_faces
    from training.measure.plots.drawing import draw_evaluation
    from training.model.manifest_file import read_manifest
    from training.model.model_files import FERPLUS_NAME, KERAS_NAME, ONNX_NAME, write_model_files
    from training.run.checkpoint import SavedRun, load_run
    from training.run.manifest import describe, describe_files

METRICS_NAME = "metrics.json"


def export_run(
    saved: SavedRun, data: TrainingData, source: DataSource, run: Path, target: Path
) -> None:
    """Write model, metrics, pictures and manifest of ``saved`` into ``target``.

    The manifest comes last: until then the one of an earlier export is there, which fits none of
    the new files. What training.quantize made of that earlier model is removed.

    Args:
        saved: The checkpoint of the run.
        data: What it was trained and validated on.
        source: The place where ``data`` was read.
        run: Folder of the run, named in the manifest's command.
        target: Folder to write to; it exists.

    Raises:
        ConfigError: The run was on other data.
        ModelError: The model does not fit the contract.
        OSError: A file cannot be written.
    """
    if saved.origin.data_sha256 != data.sha256():
        raise ConfigError(f"{run} is of a run on other data than {source.folder}")
    facts = write_model_files(saved.config, saved.progress.best_weights, data.validation, target)
    description = describe(saved=saved, source=source, data=data, facts=facts, run=run)
    name = source.validation_split
    evaluations = {
        file: evaluate_faces(target / file, data.validation, name, source.folder)
        for file in describe_files(target)
    }
    metrics = {file: evaluation.as_json() for file, evaluation in evaluations.items()}
    write_json(target / METRICS_NAME, metrics[ONNX_NAME] | asdict(facts))
    shipped = evaluations[ONNX_NAME]
    draw_evaluation(shipped.probabilities, data.validation, shipped.metrics, target)
    _remove_quantized(target)
    write_json(
        target / MANIFEST_NAME,
        {"files": describe_files(target)} | description | {"metrics": metrics},
    )


def _remove_quantized(target: Path) -> None:
    """Remove the files that were made of the model which was in ``target`` before."""
    try:
        names = set(read_manifest(target / MANIFEST_NAME).get("quantized", {}))
    except ConfigError:
        return  # damaged: it says nothing of other files, and is about to be written anew
    for name in sorted(names - {KERAS_NAME, ONNX_NAME, FERPLUS_NAME}):
        file = target / name
        # A manifest may come from elsewhere: only a file right beside it is its own.
        if file.name == name and file.is_file():
            file.unlink()
            print(f"removed {file}: it was made of the old model; training.quantize makes another")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="as runs/NAME")
    add_data_arguments(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="where to write")


def run(options: argparse.Namespace) -> None:
    """Export the best epoch so far."""
    source = source_from_arguments(options)
    saved = load_run(options.run)
    data = load_training_data(source)
    options.to.mkdir(parents=True, exist_ok=True)
    with tensorflow_notices_left_out():
        export_run(saved, data, source, options.run, options.to)
    print(f"epoch {saved.progress.best_epoch} of {options.run} is in {options.to}")


main = Command("training.export", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
