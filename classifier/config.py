"""Settings of the classifier."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.config import (
    WORKERS_MEANING,
    BrokerSettings,
    choice,
    existing_file,
    integer,
    setting,
    worker_count,
)
from common.workers import Share, WorkerRule

WORKERS = WorkerRule(live=Share(cores=4, most=4), lossless=Share(cores=4, most=4))


@dataclass(frozen=True, slots=True)
class ClassifierConfig(BrokerSettings):
    """The classifier: gives each face its seven probabilities, in batches."""

    backend: str = setting(
        "CLASSIFIER_BACKEND",
        "auto",
        choice("auto", "onnx", "tensorflow"),
        "what runs the model: auto takes TensorFlow where it sees a GPU, else ONNX Runtime",
    )
    model: Path | None = setting(
        "CLASSIFIER_MODEL", None, existing_file, "an .onnx or .keras file instead of the bundled"
    )
    max_batch: int | None = setting(
        "CLASSIFIER_MAX_BATCH",
        None,
        integer(1, 1024),
        "faces a batch at most, instead of the number measured to be fastest",
    )
    workers: int | WorkerRule = setting(
        "CLASSIFIER_WORKERS", WORKERS, worker_count(WORKERS), WORKERS_MEANING
    )

    def __post_init__(self) -> None:
        if self.backend == "tensorflow" and self.workers is WORKERS:
            object.__setattr__(self, "workers", 1)  # it uses all cores or a GPU, and takes 600 MB
