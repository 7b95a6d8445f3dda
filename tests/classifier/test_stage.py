from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zmq

from classifier.onnx_backend import OnnxBackend
from classifier.stage import ClassifierWorker
from common.face_model import Crops, Probabilities
from common.messages import (
    Bye,
    ClassifyBatch,
    Expressions,
    Ready,
    Welcome,
    WorkerHello,
)
from tests.support.fake_broker import FakeBroker
from tests.support.waiting import DEADLINE_S

ROOT = Path(__file__).resolve().parents[2]


class ShortBackend:
    """Forgets the last face."""

    def classify(self, crops: Crops) -> Probabilities:
        return np.zeros((len(crops) - 1, 7), np.float32)


def test_batch_is_answered_in_its_order(onnx_backend: OnnxBackend, faces: Crops) -> None:
    (answer,) = ClassifierWorker(onnx_backend, 8).answer(ClassifyBatch(4, faces[:5]))
    assert isinstance(answer, Expressions)
    assert answer.work_id == 4
    for row, face in zip(answer.probabilities, faces[:5], strict=True):
        assert np.array_equal(row, onnx_backend.classify(face[np.newaxis])[0])


def test_model_that_loses_a_face_ends_the_process(faces: Crops) -> None:
    worker = ClassifierWorker(ShortBackend(), 8)
    with pytest.raises(RuntimeError, match="gave 2 rows for 3 faces"):
        list(worker.answer(ClassifyBatch(1, faces[:3])))


def start(endpoint: str, **variables: str) -> subprocess.Popen[str]:
    environ = {key: value for key, value in os.environ.items() if "CLASSIFIER" not in key}
    return subprocess.Popen(
        [sys.executable, "-m", "classifier.stage"],
        cwd=ROOT,
        env=environ | {"BROKER_ENDPOINT": endpoint, "CLASSIFIER_BACKEND": "onnx", **variables},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_classifier_process_joins_answers_and_leaves_in_order(
    context: zmq.Context[zmq.Socket[bytes]],
    endpoint: str,
    onnx_backend: OnnxBackend,
    faces: Crops,
) -> None:
    broker = FakeBroker(context, endpoint)
    with start(endpoint, CLASSIFIER_MAX_BATCH="6") as process:
        try:
            identity, hello = broker.expect(WorkerHello)
            assert (hello.role, hello.capacity) == ("classifier", 6)
            broker.send(identity, Welcome(0))
            broker.expect(Ready)
            broker.send(identity, ClassifyBatch(9, faces[:4]))
            _, answer = broker.expect(Expressions)
            assert answer.work_id == 9
            assert np.array_equal(answer.probabilities, onnx_backend.classify(faces[:4]))
            broker.expect(Ready)
            process.send_signal(signal.SIGTERM)
            broker.expect(Bye)
            process.communicate(timeout=DEADLINE_S)
            assert process.returncode == 0
        finally:
            process.kill()
            broker.close()


def test_damaged_model_is_one_line_and_exit_code_two(endpoint: str, tmp_path: Path) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_text("no model")
    with start(endpoint, CLASSIFIER_MODEL=str(path)) as process:
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    assert f"classifier: CLASSIFIER_MODEL={path}: not a readable ONNX model" in errors
    assert "Traceback" not in errors
