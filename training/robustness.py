"""``python -m training.robustness``: how much an exported model stands before it is wrong.

Measures accuracy and macro F1 on labelled faces as they are, and again under each of many small
changes: moved, scaled and turned as a detector's box may be, darker, blurred, far away, compressed.
Prints a table in Markdown. The faces are found as by ``training.evaluate``.

The scales answer how exact the margin of a crop must be: a face that is 0.85 times as large is what
a crop sees that is 9 % of the image's side too wide on each side.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigError, ModelError
from common.face_model import Crops
from common.files import file_sha256
from common.progress_bar import progress_bar
from training.data.faces import FaceSet, content_sha256
from training.data.label_maps import read_label_map
from training.data.readers import load_split
from training.data.splits import add_split_arguments
from training.measure.changes import KINDS, margin_of_scale
from training.metrics import measure
from training.model.manifest_file import write_json
from training.model.predictor import Predictor, open_model, predict_all

PICTURE = "robustness.png"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model is worth on faces that were changed in one way.

    Attributes:
        kind: name of the kind of change.
        amount: how much of it.
        accuracy: share whose most probable label is right.
        accuracy_interval: 95 % Wilson interval of it.
        macro_f1: mean F1 over the labels that occur.
    """

    kind: str
    amount: float
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Robustness:
    """What a model is worth on faces as they are, and under every change.

    Attributes:
        model_sha256: of the model file.
        split: name of the split.
        data_sha256: of pixels and labels, as ``training.evaluate`` gives it.
        images: how many faces.
        as_it_is: without any change; its amount is 0.
        changed: in the order of ``KINDS`` and of their amounts.
    """

    model_sha256: str
    split: str
    data_sha256: str
    images: int
    as_it_is: Outcome
    changed: tuple[Outcome, ...]


def measure_unchanged(predict: Predictor, faces: FaceSet) -> Outcome:
    """Measures a model on faces as they are."""
    return _measure("none", 0.0, predict, faces.images, faces.labels)


def measure_changed(predict: Predictor, faces: FaceSet) -> tuple[Outcome, ...]:
    """Measures a model under each amount of each of ``KINDS``, with a progress bar."""
    steps = [(kind, amount) for kind in KINDS for amount in kind.amounts]
    return tuple(
        _measure(kind.name, amount, predict, kind.apply(faces.images, amount), faces.labels)
        for kind, amount in progress_bar(steps, "measuring", "change")
    )


def _measure(
    kind: str, amount: float, predict: Predictor, images: Crops, labels: NDArray[np.int64]
) -> Outcome:
    metrics = measure(predict_all(predict, images), labels)
    return Outcome(kind, amount, metrics.accuracy, metrics.accuracy_interval, metrics.macro_f1)


def markdown_table(result: Robustness) -> str:
    """Returns the table, one line a change, the loss of accuracy in percentage points."""
    units = {kind.name: kind.unit for kind in KINDS}
    lines = [
        "| change | accuracy (95 % interval) | points | macro F1 |",
        "|---|---|---|---|",
        f"| none | {_accuracy_text(result.as_it_is)} | | {result.as_it_is.macro_f1:.3f} |",
    ]
    for outcome in result.changed:
        points = round(100 * (outcome.accuracy - result.as_it_is.accuracy), 1) + 0.0  # no -0.0
        lines.append(
            f"| {outcome.kind}, {_amount_text(outcome, units[outcome.kind])} "
            f"| {_accuracy_text(outcome)} | {points:+.1f} | {outcome.macro_f1:.3f} |"
        )
    return "\n".join(lines)


def _amount_text(outcome: Outcome, unit: str) -> str:
    """Returns the amount with its unit, and for scales the margin that they stand for."""
    text = f"{outcome.amount:g} {unit}"
    if outcome.kind == "scaled":
        text += f" (margin {margin_of_scale(outcome.amount):+.3f})"
    return text


def _accuracy_text(outcome: Outcome) -> str:
    low, high = outcome.accuracy_interval
    return f"{outcome.accuracy:.1%} ({low:.1%} to {high:.1%})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        predict = open_model(parsed.model)
        faces = load_split(parsed.data, parsed.split, read_label_map(parsed.label_map))
        result = Robustness(
            model_sha256=file_sha256(parsed.model),
            split=parsed.split,
            data_sha256=content_sha256(faces),
            images=len(faces),
            as_it_is=measure_unchanged(predict, faces),
            changed=measure_changed(predict, faces),
        )
        _write(result, parsed.json, parsed.plots)
    except (ConfigError, ModelError) as err:
        print(f"training.robustness: {err}", file=sys.stderr)
        return 2
    print(f"{parsed.model.name} on {len(faces)} faces of {parsed.split}:\n")
    print(markdown_table(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.robustness",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", type=Path, required=True, help=".onnx or .keras file")
    add_split_arguments(parser)
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for all numbers")
    parser.add_argument("--plots", type=Path, metavar="DIR", help=f"where to draw {PICTURE}")
    return parser


def _write(result: Robustness, json_file: Path | None, plots_dir: Path | None) -> None:
    """Writes the numbers and the picture, where they are wanted."""
    try:
        if json_file is not None:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            write_json(json_file, asdict(result))
        if plots_dir is not None:
            from training.measure.plots.robustness import plot_robustness  # noqa: PLC0415  # slow to import

            plots_dir.mkdir(parents=True, exist_ok=True)
            plot_robustness(result, plots_dir / PICTURE)
    except OSError as err:
        raise ConfigError(f"cannot write {err.filename}: {err.strerror}") from err


if __name__ == "__main__":
    sys.exit(main())
