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
    Welcome,
    WorkerHello,
)
from tests.support.fake_broker import FakeBroker
from tests.support.pipeline import ROOT
from tests.support.stage_process import run_stage
from tests.support.waiting import DEADLINE_S


class ShortBackend:
    """Forgets the last face."""

    def classify(self, crops: Crops) -> Probabilities:
        return np.zeros((len(crops) - 1, 7), np.float32)


def test_batch_is_answered_in_its_order(onnx_backend: OnnxBackend, faces: Crops) -> None:
    (answer,) = ClassifierWorker(onnx_backend, 8, {}).answer(ClassifyBatch(4, faces[:5]))
    assert isinstance(answer, Expressions)
    assert answer.work_id == 4
    for row, face in zip(answer.probabilities, faces[:5], strict=True):
        assert np.array_equal(row, onnx_backend.classify(face[np.newaxis])[0])


def test_model_that_loses_a_face_ends_the_process(faces: Crops) -> None:
    worker = ClassifierWorker(ShortBackend(), 8, {})
    with pytest.raises(RuntimeError, match="gave 2 rows for 3 faces"):
        list(worker.answer(ClassifyBatch(1, faces[:3])))


def test_classifier_process_joins_answers_and_leaves_in_order(
    context: zmq.Context[zmq.Socket[bytes]],
    endpoint: str,
    onnx_backend: OnnxBackend,
    faces: Crops,
) -> None:
    broker = FakeBroker(context, endpoint)
    environ = os.environ | {"BROKER_ENDPOINT": endpoint, "CLASSIFIER_MAX_BATCH": "6"}
    command = [sys.executable, "-m", "classifier.stage"]
    with subprocess.Popen(command, cwd=ROOT, env=environ) as process:
        try:
            identity, hello = broker.expect(WorkerHello)
            assert (hello.role, hello.capacity) == ("classifier", 6)
            broker.send(Welcome(0), identity)
            broker.send(ClassifyBatch(9, faces[:4]), identity)
            _, answer = broker.expect(Expressions)
            assert answer.work_id == 9
            assert np.array_equal(answer.probabilities, onnx_backend.classify(faces[:4]))
            process.send_signal(signal.SIGTERM)
            broker.expect(Bye)
            assert process.wait(DEADLINE_S) == 0
        finally:
            process.kill()
            broker.close()


def test_damaged_model_is_one_line_and_exit_code_two(tmp_path: Path) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_text("no model")
    code, lines = run_stage("classifier.stage", tmp_path, CLASSIFIER_MODEL=str(path))
    assert code == 2
    (line,) = lines
    assert line.startswith(f"classifier: CLASSIFIER_MODEL={path}: not a readable ONNX model")
