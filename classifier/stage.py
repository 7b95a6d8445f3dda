"""The classifier's process: faces in, probabilities out."""

from __future__ import annotations

from collections.abc import Iterator

from classifier.about import about_model
from classifier.backend import Backend
from classifier.backends import choose_backend, load_backend
from classifier.config import ClassifierConfig
from classifier.warm_up import best_batch_size
from common.contract import Role
from common.lifetime import Lifetime
from common.messages import About, ClassifyBatch, Expressions
from common.sockets import Context
from common.stage import run_stage
from common.worker import Worker, WorkerStage


class ClassifierWorker(Worker[ClassifyBatch, Expressions]):
    """Classifies the batches it is handed."""

    role = Role.CLASSIFIER
    takes = ClassifyBatch

    def __init__(self, backend: Backend, capacity: int, about: About) -> None:
        self.capacity = capacity
        self.about = about
        self._backend = backend

    def answer(self, work: ClassifyBatch) -> Iterator[Expressions]:
        """Answer a batch with the probabilities of its faces."""
        probabilities = self._backend.classify(work.crops)
        if len(probabilities) != len(work.crops):
            raise RuntimeError(
                f"the model gave {len(probabilities)} rows for {len(work.crops)} faces"
            )
        yield Expressions(work.work_id, probabilities)

    def units(self, answer: Expressions) -> int:
        """Return how many faces were classified."""
        return len(answer.probabilities)


def make_classifier(
    config: ClassifierConfig, lifetime: Lifetime, context: Context
) -> WorkerStage[ClassifyBatch, Expressions]:
    """Return a classifier that knows its best batch size, connected to the broker."""
    name, model = choose_backend(config.backend, config.model)
    backend = load_backend(name, model)
    measured = best_batch_size(backend, config.max_batch, beat=lifetime.beat)
    worker = ClassifierWorker(backend, config.max_batch or measured, about_model(name, model))
    return WorkerStage(worker, context, config, lifetime)


if __name__ == "__main__":
    run_stage("classifier", ClassifierConfig, make_classifier)
