"""What a model is worth on faces that were changed, beside what it is worth on them as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from common.progress_bar import progress_bar
from training.data.faces import FaceSet
from training.measure.changes import KINDS
from training.metrics import measure
from training.model.predictor import Predictor, predict_all


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model is worth on faces that were changed in one way.

    Attributes:
        kind: Name of the kind of change.
        amount: The amount of it, in the unit of its kind.
        accuracy: Share whose most probable label is right.
        accuracy_interval: 95 % Wilson interval of it.
        macro_f1: Mean F1 over the labels that occur.
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
        model_sha256: Hash of the model file.
        split: Name of the split.
        data_sha256: Hash of pixels and labels, as ``training.evaluate`` writes it.
        images: Number of faces.
        as_it_is: Outcome without any change; its amount is 0.
        changed: Outcomes in the order of ``KINDS`` and of their amounts.
    """

    model_sha256: str
    split: str
    data_sha256: str
    images: int
    as_it_is: Outcome
    changed: tuple[Outcome, ...]


def measure_unchanged(predict: Predictor, faces: FaceSet) -> Outcome:
    """Measure a model on faces as they are."""
    return _measure("none", 0.0, predict, faces)


def measure_changed(predict: Predictor, faces: FaceSet) -> tuple[Outcome, ...]:
    """Measure a model under each amount of each of ``KINDS``, with a progress bar."""
    steps = [(kind, amount) for kind in KINDS for amount in kind.amounts]
    return tuple(
        _measure(
            kind.name, amount, predict, replace(faces, images=kind.apply(faces.images, amount))
        )
        for kind, amount in progress_bar(steps, "measuring", "change")
    )


def _measure(kind: str, amount: float, predict: Predictor, faces: FaceSet) -> Outcome:
    metrics = measure(predict_all(predict, faces.images), faces.labels)
    return Outcome(kind, amount, metrics.accuracy, metrics.accuracy_interval, metrics.macro_f1)
