"""``python -m training.evaluate``: measures an exported model on labelled faces.

The faces are DIR/NAME/<emotion>/*, DIR/NAME.zip or the rows of DIR/fer2013.csv; some emotions may
be missing. Each face is seen once, as it is: no mirrored or shifted copies are averaged.

Other data sets need cropped faces, in colour or grey, of any size, in such folders:
  CK+48:     --data CK+48 --split . --label-map ck+
  RAF-DB:    --data DATASET --split test --label-map raf-db
  AffectNet: --data affectnet --split val --label-map affectnet
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from common.command import Command
from common.json_files import write_json
from training.data.label_maps import read_label_map
from training.data.readers import load_split
from training.data.splits import add_split_arguments
from training.measure.evaluation import Evaluation, evaluate_faces
from training.metrics import percent_with_interval
from training.model.predictor import open_model


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--model", type=Path, required=True, help=".onnx or .keras file")
    add_split_arguments(parser)
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for all of the figures")
    parser.add_argument(
        "--plots",
        type=Path,
        metavar="DIR",
        help="where to draw confusion matrix, reliability, recall and misclassified faces",
    )


def run(options: argparse.Namespace) -> None:
    """Measure and print; write and draw where that is asked for."""
    open_model(options.model)  # a wrong path should not wait for the data to be read
    faces = load_split(options.data, options.split, read_label_map(options.label_map))
    evaluation = evaluate_faces(options.model, faces, options.split, options.data)
    if options.json is not None:
        write_json(options.json, evaluation.as_json())
    if options.plots is not None:
        from training.measure.plots.drawing import draw_evaluation  # noqa: PLC0415  # slow to import

        options.plots.mkdir(parents=True, exist_ok=True)
        draw_evaluation(evaluation.probabilities, faces, evaluation.metrics, options.plots)
    print("\n".join(in_words(options.model.name, evaluation)))


def in_words(model: str, evaluation: Evaluation) -> list[str]:
    """Return the lines that say what a model is worth."""
    metrics, voted = evaluation.metrics, evaluation.by_majority
    accuracy = percent_with_interval(metrics.accuracy, metrics.accuracy_interval)
    lines = [
        f"{model} on {metrics.images:,} faces of {evaluation.split}",
        f"  accuracy (95 %)    {accuracy}",
        f"  macro F1           {metrics.macro_f1:.3f}",
        f"  NLL                {metrics.nll:.3f}",
        f"  calibration error  {metrics.ece:.3f}",
    ]
    if voted is not None:
        accuracy = percent_with_interval(voted.accuracy, voted.accuracy_interval)
        lines.append(f"  as FER+ voters say {accuracy} of {voted.images:,} with a majority")
    counts = map(sum, metrics.confusion_matrix)
    for count, (label, recall) in zip(counts, metrics.per_class_recall.items(), strict=True):
        if recall is not None:
            lines.append(f"  recall of {label:8} {recall:.2f} of {count:,}")
    return lines


main = Command("training.evaluate", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
