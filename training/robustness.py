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
from dataclasses import asdict
from pathlib import Path

from common.command import Command
from common.files import file_sha256
from common.json_files import write_json
from training.data.faces import content_sha256
from training.data.label_maps import read_label_map
from training.data.readers import load_split
from training.data.splits import add_split_arguments
from training.measure.changes import KINDS, margin_of_scale
from training.measure.outcomes import Outcome, Robustness, measure_changed, measure_unchanged
from training.metrics import percent_with_interval
from training.model.predictor import open_model

PICTURE = "robustness.png"


def markdown_table(result: Robustness) -> str:
    """Return the table, one line a change, the loss of accuracy in percentage points."""
    units = {kind.name: kind.unit for kind in KINDS}
    lines = [
        "| change | accuracy (95 %) | points | macro F1 |",
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
    """Return the amount with its unit, and for scales the margin that they stand for."""
    text = f"{outcome.amount:g} {unit}"
    if outcome.kind == "scaled":
        text += f" (margin {margin_of_scale(outcome.amount):+.3f})"
    return text


def _accuracy_text(outcome: Outcome) -> str:
    return percent_with_interval(outcome.accuracy, outcome.accuracy_interval)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--model", type=Path, required=True, help=".onnx or .keras file")
    add_split_arguments(parser)
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for all numbers")
    parser.add_argument("--plots", type=Path, metavar="DIR", help=f"where to draw {PICTURE}")


def run(options: argparse.Namespace) -> None:
    """Measure, write, draw and print."""
    predict = open_model(options.model)
    faces = load_split(options.data, options.split, read_label_map(options.label_map))
    result = Robustness(
        model_sha256=file_sha256(options.model),
        split=options.split,
        data_sha256=content_sha256(faces),
        images=len(faces),
        as_it_is=measure_unchanged(predict, faces),
        changed=measure_changed(predict, faces),
    )
    if options.json is not None:
        write_json(options.json, asdict(result))
    if options.plots is not None:
        from training.measure.plots.robustness import plot_robustness  # noqa: PLC0415  # slow to import

        options.plots.mkdir(parents=True, exist_ok=True)
        plot_robustness(result, options.plots / PICTURE)
    print(f"{options.model.name} on {len(faces)} faces of {options.split}:\n")
    print(markdown_table(result))


main = Command("training.robustness", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
