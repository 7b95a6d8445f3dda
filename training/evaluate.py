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
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from common.errors import ConfigError, ModelError
from common.face_model import Probabilities
from common.files import file_sha256
from training.data.faces import FaceSet, content_sha256, majority_labels
from training.data.label_maps import read_label_map
from training.data.readers import find_split, load_split
from training.data.splits import add_split_arguments
from training.metrics import Metrics, measure
from training.model.manifest_file import write_json
from training.model.predictor import open_model, predict_all


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's metrics, and what exactly was measured on what.

    Attributes:
        model_sha256: of the model file.
        split: name of the split.
        data_sha256: of pixels and labels, the same for every form the data comes in.
        data_file_sha256: of the zip or csv; None for a folder.
        metrics: against the labels.
        probabilities: ``(n, 7) float32`` that the model gave, in the order of the faces.
        ferplus_images: faces on which most FER+ voters agree on one of the seven labels.
        ferplus_majority_accuracy: on those, against what most voters said; None without votes.
        ferplus_majority_interval: 95 % Wilson interval of it.
        ferplus_majority_ece: expected calibration error against what most voters said, 15 bins.
    """

    model_sha256: str
    split: str
    data_sha256: str
    data_file_sha256: str | None
    metrics: Metrics
    probabilities: Probabilities
    ferplus_images: int
    ferplus_majority_accuracy: float | None
    ferplus_majority_interval: tuple[float, float] | None
    ferplus_majority_ece: float | None

    def as_json(self) -> dict[str, object]:
        """Returns one flat object, the metrics among the rest, without the probabilities."""
        values: dict[str, object] = asdict(self)
        del values["metrics"], values["probabilities"]
        return values | asdict(self.metrics)


def evaluate_faces(model: Path, faces: FaceSet, split: str, data_dir: Path) -> Evaluation:
    """Measures the model file on faces that were read from ``split`` of ``data_dir``.

    Raises:
        ModelError: if the model cannot be used.
    """
    probabilities = predict_all(open_model(model), faces.images)
    source = find_split(data_dir, split)
    by_majority = _measure_by_majority(faces, probabilities)
    return Evaluation(
        model_sha256=file_sha256(model),
        split=split,
        data_sha256=content_sha256(faces),
        data_file_sha256=file_sha256(source) if source and source.is_file() else None,
        metrics=measure(probabilities, faces.labels),
        probabilities=probabilities,
        ferplus_images=by_majority.images if by_majority else 0,
        ferplus_majority_accuracy=by_majority.accuracy if by_majority else None,
        ferplus_majority_interval=by_majority.accuracy_interval if by_majority else None,
        ferplus_majority_ece=by_majority.ece if by_majority else None,
    )


def _measure_by_majority(faces: FaceSet, probabilities: Probabilities) -> Metrics | None:
    """Measures on the faces with a majority label, against that; None where none has one."""
    majority = majority_labels(faces)
    voted = majority >= 0
    return measure(probabilities[voted], majority[voted]) if voted.any() else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        open_model(parsed.model)  # a wrong path should not wait for the data to be read
        faces = load_split(parsed.data, parsed.split, read_label_map(parsed.label_map))
        evaluation = evaluate_faces(parsed.model, faces, parsed.split, parsed.data)
        _write(evaluation, parsed.json)
        if parsed.plots is not None:
            _draw(evaluation, faces, parsed.plots)
    except (ConfigError, ModelError) as err:
        print(f"training.evaluate: {err}", file=sys.stderr)
        return 2
    metrics = evaluation.metrics
    low, high = metrics.accuracy_interval
    print(
        f"{parsed.model.name} on {metrics.images} faces of {parsed.split}: accuracy "
        f"{metrics.accuracy:.4f} ({low:.4f} to {high:.4f}), macro F1 {metrics.macro_f1:.4f}, "
        f"NLL {metrics.nll:.4f}, ECE {metrics.ece:.4f}"
    )
    if evaluation.ferplus_majority_interval is not None:
        low, high = evaluation.ferplus_majority_interval
        print(
            f"{evaluation.ferplus_majority_accuracy:.4f} ({low:.4f} to {high:.4f}) of the "
            f"{evaluation.ferplus_images} faces with a FER+ majority are called what it says, ECE "
            f"{evaluation.ferplus_majority_ece:.4f}"
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", type=Path, required=True, help=".onnx or .keras file")
    add_split_arguments(parser)
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="file to write")
    parser.add_argument(
        "--plots",
        type=Path,
        metavar="DIR",
        help="where to draw confusion matrix, reliability, recall and misclassified faces",
    )
    return parser


def _write(evaluation: Evaluation, file: Path) -> None:
    """Writes the numbers."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, evaluation.as_json())
    except OSError as err:
        raise ConfigError(f"cannot write {err.filename}: {err.strerror}") from err


def _draw(evaluation: Evaluation, faces: FaceSet, folder: Path) -> None:
    """Draws the pictures."""
    from training.measure.plots.drawing import draw_evaluation  # noqa: PLC0415  # slow to import

    try:
        folder.mkdir(parents=True, exist_ok=True)
        draw_evaluation(evaluation.probabilities, faces, evaluation.metrics, folder)
    except OSError as err:
        raise ConfigError(f"cannot write {err.filename}: {err.strerror}") from err


if __name__ == "__main__":
    sys.exit(main())
