"""Workers that only sleep are taken in by a broker, and do what it asks of them."""

from __future__ import annotations

import numpy as np
import zmq

from benchmarks.performance.sleeping import FACES, QuickDetector, SleepingClassifier, at_work
from common.contract import Mode
from common.face_model import FACE_SIZE_PX, LABELS
from common.messages import (
    ClassifyBatch,
    DetectRun,
    Expressions,
    Faces,
    Frame,
    Welcome,
    WorkerHello,
)
from tests.support.fake_broker import FakeBroker

FRAME = Frame("cam", 1, 0.0, 1, 2, 480, 640, "", 0)


def test_quick_detector_finds_faces(context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> None:
    broker = FakeBroker(context, endpoint)
    with at_work(QuickDetector(), endpoint):
        identity, _ = broker.expect(WorkerHello)
        broker.send(Welcome(0), identity)
        broker.send(DetectRun(7, Mode.LOSSLESS, (FRAME,)), identity)
        _, faces = broker.expect(Faces)
    broker.close()
    assert len(faces.boxes) == len(faces.crops) == FACES


def test_sleeping_classifier_counts_its_faces(
    context: zmq.Context[zmq.Socket[bytes]], endpoint: str
) -> None:
    broker = FakeBroker(context, endpoint)
    classifier = SleepingClassifier()
    with at_work(classifier, endpoint):
        identity, _ = broker.expect(WorkerHello)
        broker.send(Welcome(0), identity)
        crops = np.zeros((3, FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)
        broker.send(ClassifyBatch(7, crops), identity)
        _, expressions = broker.expect(Expressions)
    broker.close()
    assert expressions.probabilities.shape == (3, len(LABELS))
    assert classifier.done == 3
