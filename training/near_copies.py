"""``python -m training.near_copies``: what a model is worth on photographs it has not learned from.

FER-2013 holds many photographs several times, each cut and shrunk in another way. Training leaves
out what has the very pixels of a validation face; this finds the other copies, by the correlation
of thumbnails, and measures the model on validation faces with and without one. From about 0.93 on
most pairs are one photograph, below 0.90 few are: --plots draws some of each, to judge by eye.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from common.command import Command
from common.face_model import Probabilities
from common.files import file_sha256
from common.json_files import write_json
from training.data.faces import FaceSet
from training.data.likeness import Likeness, most_alike
from training.data.splits import (
    add_data_arguments,
    load_training_data,
    source_from_arguments,
)
from training.measure.plots.near_copies import plot_pairs
from training.metrics import Metrics, measure, percent_with_interval
from training.model.predictor import open_model, predict_all

FROM = (0.97, 0.95, 0.93, 0.90)
"""Correlations from which on two faces are taken for one photograph."""
PICTURE = "near_copies.png"


@dataclass(frozen=True, slots=True)
class Division:
    """A model's worth on validation faces with a near copy in training, and on those without.

    Attributes:
        least_correlation: The correlation from which on there is one.
        with_copy: Worth on the faces with one; None where no face has one.
        without_copy: Worth on the others; None where every face has one.
    """

    least_correlation: float
    with_copy: Metrics | None
    without_copy: Metrics | None


def divide(
    probabilities: Probabilities, validation: FaceSet, likeness: Likeness, least: float
) -> Division:
    """Measure both parts of the validation faces.

    Args:
        probabilities: ``(n, 7) float32`` of the model.
        validation: The n faces.
        likeness: Likeness of them to the training faces.
        least: Correlation that makes a near copy.
    """
    has_copy = likeness.correlation >= least
    parts = [
        measure(probabilities[rows], validation.labels[rows]) if rows.any() else None
        for rows in (has_copy, ~has_copy)
    ]
    return Division(least, *parts)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--model", type=Path, required=True, help=".onnx or .keras file")
    add_data_arguments(parser)
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="file to write")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="where to draw pairs of faces")


def run(options: argparse.Namespace) -> None:
    """Measure, write, draw and print."""
    model = open_model(options.model)  # a wrong path should not wait for the data to be read
    data = load_training_data(source_from_arguments(options))
    probabilities = predict_all(model, data.validation.images)
    likeness = most_alike(data.validation.images, data.train.images)
    divisions = [divide(probabilities, data.validation, likeness, least) for least in FROM]
    write_json(
        options.json,
        {
            "model_sha256": file_sha256(options.model),
            "data_sha256": data.sha256(),
            "divisions": [asdict(division) for division in divisions],
        },
    )
    if options.plots is not None:
        options.plots.mkdir(parents=True, exist_ok=True)
        plot_pairs(data.validation.images, data.train.images, likeness, options.plots / PICTURE)
    print(_table(measure(probabilities, data.validation.labels), divisions))


def _table(everything: Metrics, divisions: Sequence[Division]) -> str:
    """Word the result as a table in Markdown."""
    lines = [
        "| near copy from | with one | accuracy | without | accuracy | macro F1 | ECE |",
        "|---|---|---|---|---|---|---|",
        f"| (all faces) | | | {everything.images} | {_worth(everything)} |",
    ]
    for division in divisions:
        known, new = division.with_copy, division.without_copy
        lines.append(
            f"| {division.least_correlation} | {known.images if known else 0} | "
            f"{_accuracy(known) if known else ''} | {new.images if new else 0} | "
            f"{_worth(new) if new else ' | | '} |"
        )
    return "\n".join(lines)


def _worth(metrics: Metrics) -> str:
    return f"{_accuracy(metrics)} | {metrics.macro_f1:.3f} | {metrics.ece:.3f}"


def _accuracy(metrics: Metrics) -> str:
    return percent_with_interval(metrics.accuracy, metrics.accuracy_interval)


main = Command("training.near_copies", __doc__, add_options, run)


if __name__ == "__main__":
    sys.exit(main())
