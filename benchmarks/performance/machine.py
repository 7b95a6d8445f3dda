"""What the machine can do at most, and what it is.

    python -m benchmarks.performance.machine

Prints one line of JSON, the ``Peaks``. ``measure_peaks`` runs it so, because the library behind
numpy is told its threads by the environment.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx

from common.onnx_session import onnxruntime
from tests.support.pipeline import ROOT

SIDE = 1024
OPSET, IR_VERSION = 17, 10
COPY_BYTES = 256 * 2**20
TRIES = 7
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True, slots=True)
class Peaks:
    """What one thread can do at most in a second of its CPU time.

    Attributes:
        float_gmacs: 10^9 multiply-accumulates in float32, in a product of two square matrices
            (numpy).
        int8_gmacs: The same in 8-bit integers with 32-bit sums (ONNX Runtime).
        copied_gb: 10^9 bytes of memory that are copied, read and written once each.
    """

    float_gmacs: float
    int8_gmacs: float
    copied_gb: float

    def copy_ms(self, size_bytes: float) -> float:
        """Return the milliseconds that copying so many bytes takes at least."""
        return size_bytes / self.copied_gb / 1e6


def measure_peaks() -> Peaks:
    """Measure in a process of one thread."""
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.performance.machine"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | dict.fromkeys(THREADS, "1"),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return Peaks(**json.loads(said))


def processor() -> str:
    """Return the name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def integer_product() -> onnxruntime.InferenceSession:
    """Return a model that multiplies a matrix of 8-bit integers with a constant one."""
    weights = np.ones((SIDE, SIDE), np.int8)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMulInteger", ["a", "b"], ["product"])],
        "product",
        [onnx.helper.make_tensor_value_info("a", onnx.TensorProto.UINT8, [SIDE, SIDE])],
        [onnx.helper.make_tensor_value_info("product", onnx.TensorProto.INT32, [SIDE, SIDE])],
        [onnx.numpy_helper.from_array(weights, "b")],
    )
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def _best_s(act: Callable[[], object]) -> float:
    """Return the CPU time of the shortest of several tries; others may be using the cores."""
    times = []
    for _ in range(TRIES):
        started_s = time.process_time()
        act()
        times.append(time.process_time() - started_s)
    return min(times)


def main() -> int:
    """Measure and print."""
    square = np.random.default_rng(0).random((SIDE, SIDE), np.float32)
    product = np.empty_like(square)
    integers = {"a": (256 * square).astype(np.uint8)}
    session = integer_product()
    source = np.ones(COPY_BYTES, np.uint8)
    target = np.empty_like(source)
    gmacs = SIDE**3 / 1e9
    peaks = Peaks(
        gmacs / _best_s(lambda: np.matmul(square, square, out=product)),
        gmacs / _best_s(lambda: session.run(None, integers)),
        COPY_BYTES / 1e9 / _best_s(lambda: np.copyto(target, source)),
    )
    print(json.dumps(asdict(peaks)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
