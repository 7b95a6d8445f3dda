"""``python -m training.export``: writes the best weights of a run as a model to ship.

training.train does this at its end. This command does it again, or for a run that still goes on. It
writes expression.keras, expression.onnx, manifest.json, metrics.json and pictures of the result.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from common.errors import ConfigError, ModelError
from common.face_model import MANIFEST_NAME
from training.data.splits import (
    DataSource,
    TrainingData,
    add_data_arguments,
    load_training_data,
    source_from_arguments,
)
from training.evaluate import evaluate_faces
from training.measure.plots.drawing import draw_evaluation
from training.model.manifest_file import FILES, METRICS, QUANTIZED, read_manifest, write_json
from training.model.model_files import FERPLUS_NAME, KERAS_NAME, ONNX_NAME, write_model_files
from training.run.checkpoint import SavedRun, load_run
from training.run.manifest import describe, describe_files

METRICS_NAME = "metrics.json"


def export_run(
    saved: SavedRun, data: TrainingData, source: DataSource, run: Path, target: Path
) -> None:
    """Writes model, metrics, pictures and manifest of ``saved`` into ``target``.

    The manifest comes last: until then the one of an earlier export is there, which fits none of
    the new files. What training.quantize made of that earlier model is removed.

    Args:
        saved: the checkpoint of the run.
        data: what it was trained and validated on.
        source: where ``data`` was read.
        run: folder of the run, named in the manifest's command.
        target: folder, exists.

    Raises:
        ConfigError: if the run was on other data.
        ModelError: if the model does not fit the contract.
        OSError: if a file cannot be written.
    """
    if saved.origin.data_sha256 != data.sha256():
        raise ConfigError(f"{run} is of a run on other data than {source.folder}")
    facts = write_model_files(saved.config, saved.progress.best_weights, data.validation, target)
    description = describe(
        saved=saved,
        source=source,
        data=data,
        facts=facts,
        run=run,
    )
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
        {FILES: describe_files(target)} | description | {METRICS: metrics},
    )


def _remove_quantized(target: Path) -> None:
    """Removes the files that were made of the model which was in ``target`` before."""
    try:
        names = set(read_manifest(target / MANIFEST_NAME).get(QUANTIZED, {}))
    except ConfigError:
        return  # damaged: it says nothing of other files, and is about to be written anew
    for name in sorted(names - {KERAS_NAME, ONNX_NAME, FERPLUS_NAME}):
        file = target / name
        # A manifest may come from elsewhere: only a file right beside it is its own.
        if file.name == name and file.is_file():
            file.unlink()
            print(f"removed {file}: it was made of the old model; training.quantize makes another")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parsed = _parser().parse_args(arguments)
    source = source_from_arguments(parsed)
    try:
        saved = load_run(parsed.run)
        data = load_training_data(source)
        _export(saved, data, source, parsed.run, parsed.to)
    except (ConfigError, ModelError) as err:
        print(f"training.export: {err}", file=sys.stderr)
        return 2
    print(f"epoch {saved.progress.best_epoch} of {parsed.run} is in {parsed.to}")
    return 0


def _export(
    saved: SavedRun, data: TrainingData, source: DataSource, run: Path, target: Path
) -> None:
    """Does what ``export_run`` does, into a folder that may have to be made."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        export_run(saved, data, source, run, target)
    except OSError as err:
        raise ConfigError(f"cannot write to {target}: {err.strerror or err}") from err


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.export",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="as runs/NAME")
    add_data_arguments(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="where to write")
    return parser


if __name__ == "__main__":
    sys.exit(main())
