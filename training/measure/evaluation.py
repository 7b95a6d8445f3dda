"""What an exported model is worth on labelled faces, and what exactly was measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from common.face_model import Probabilities
from common.files import file_sha256
from training.data.faces import FaceSet, content_sha256, majority_labels
from training.data.readers import find_split
from training.metrics import Metrics, measure
from training.model.predictor import open_model, predict_all


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's metrics, and what exactly was measured on what.

    Attributes:
        model_sha256: Hash of the model file.
        split: Name of the split.
        data_sha256: Hash of pixels and labels, the same for every form the data comes in.
        data_file_sha256: Hash of the zip or csv; None for a folder.
        metrics: What it is worth against the labels.
        by_majority: The same on the faces on which most FER+ voters agree on one of the seven
            labels, against what most of them said; None without votes.
        probabilities: ``(n, 7) float32`` that the model gave, in the order of the faces.
    """

    model_sha256: str
    split: str
    data_sha256: str
    data_file_sha256: str | None
    metrics: Metrics
    by_majority: Metrics | None
    probabilities: Probabilities

    def as_json(self) -> dict[str, object]:
        """Return one flat object, the metrics among the rest, without the probabilities."""
        voted = self.by_majority
        return {
            "model_sha256": self.model_sha256,
            "split": self.split,
            "data_sha256": self.data_sha256,
            "data_file_sha256": self.data_file_sha256,
            "ferplus_images": voted.images if voted else 0,
            "ferplus_majority_accuracy": voted.accuracy if voted else None,
            "ferplus_majority_interval": voted.accuracy_interval if voted else None,
            "ferplus_majority_ece": voted.ece if voted else None,
            **asdict(self.metrics),
        }


def evaluate_faces(model: Path, faces: FaceSet, split: str, data_dir: Path) -> Evaluation:
    """Measure the model file on faces that were read from ``split`` of ``data_dir``.

    Raises:
        ModelError: The model cannot be used.
    """
    probabilities = predict_all(open_model(model), faces.images)
    source = find_split(data_dir, split)
    majority = majority_labels(faces)
    voted = majority >= 0
    return Evaluation(
        model_sha256=file_sha256(model),
        split=split,
        data_sha256=content_sha256(faces),
        data_file_sha256=file_sha256(source) if source and source.is_file() else None,
        metrics=measure(probabilities, faces.labels),
        by_majority=measure(probabilities[voted], majority[voted]) if voted.any() else None,
        probabilities=probabilities,
    )
