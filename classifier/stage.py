"""The classifier's process: faces in, probabilities out."""

from __future__ import annotations

from collections.abc import Iterator

import zmq

from classifier.backend import BATCH_SIZES, Backend
from classifier.backends import choose_backend, load_backend
from classifier.config import ClassifierConfig
from classifier.warm_up import best_batch_size
from common.config import load_config
from common.contract import Role
from common.errors import MessageError
from common.lifetime import Lifetime, run_main, set_up_logging
from common.messages import ClassifyBatch, Expressions, Faces
from common.worker import Work, Worker


class ClassifierStage:
    """Classifies the batches it is handed."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def do_work(self, work: Work) -> Iterator[Faces | Expressions]:
        """Answer a batch with the probabilities of its faces."""
        if not isinstance(work, ClassifyBatch):
            raise MessageError(f"expected a ClassifyBatch, got {type(work).__name__}")
        probabilities = self._backend.classify(work.crops)
        if len(probabilities) != len(work.crops):
            raise RuntimeError(
                f"the model gave {len(probabilities)} rows for {len(work.crops)} faces"
            )
        yield Expressions(work.work_id, probabilities)


def _faces(answer: Faces | Expressions) -> int:
    return len(answer.probabilities) if isinstance(answer, Expressions) else 0


def main() -> None:
    """Run a classifier until it is stopped or everything is done."""
    config = load_config(ClassifierConfig, "classifier")
    set_up_logging("classifier")
    lifetime = Lifetime()
    lifetime.catch_signals()
    backend = load_backend(*choose_backend(config.backend, config.model))
    measured = best_batch_size(backend, config.max_batch or BATCH_SIZES[-1], beat=lifetime.beat)
    stage = ClassifierStage(backend)
    with zmq.Context() as context:
        worker = Worker(
            context,
            config.endpoint,
            lifetime,
            Role.CLASSIFIER,
            capacity=config.max_batch or measured,
            do_work=stage.do_work,
            size=_faces,
        )
        try:
            lifetime.run(worker.step)
        finally:
            worker.close()


if __name__ == "__main__":
    run_main("classifier", main)
