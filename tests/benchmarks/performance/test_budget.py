from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.performance.budget import CLASSIFIER_MODEL, least_ms, message_bytes
from benchmarks.performance.machine import Peaks
from benchmarks.performance.macs import count_macs


def test_macs_of_convolution_and_matrix_are_those_of_the_formula(tmp_path: Path) -> None:
    weights = {
        "filter": np.zeros((8, 2, 3, 3), np.float32),  # of two groups
        "matrix": np.zeros((8 * 10 * 12, 7), np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "filter"], ["y"], group=2, pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["y"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes,
        "both",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4, 10, 12])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 7])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    file = tmp_path / "both.onnx"
    onnx.save(helper.make_model(graph), str(file))
    assert count_macs(file) == 8 * 10 * 12 * 2 * 9 + 8 * 10 * 12 * 7


def test_macs_of_the_bundled_model_are_those_of_its_layers() -> None:
    assert count_macs(CLASSIFIER_MODEL) == pytest.approx(160e6, rel=0.02)


def test_the_least_time_follows_from_the_peaks() -> None:
    peaks = Peaks(float_gmacs=50.0, int8_gmacs=200.0, copied_gb=10.0)
    least = least_ms(peaks, decoding=0.7)
    assert least["classifier"][0] == pytest.approx(0.8, rel=0.02)
    assert least["capture"][0] == pytest.approx(0.7 + 640 * 480 * 3 / 10e9 * 1000)
    assert math.isclose(least["broker"][0], message_bytes() / 10e9 * 1000)
