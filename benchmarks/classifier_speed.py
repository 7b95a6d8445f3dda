"""Milliseconds a face of the bundled model in each backend, next to the classic network.

    python -m benchmarks.classifier_speed [--model FILE ...] [--rounds 20] [--json FILE]

The bundled model runs through the backends that the classifier uses: ONNX Runtime on one thread,
TensorFlow on all cores. The classic network (``benchmarks.single_process``, random weights) runs as
the classic loop calls it, with ``model.predict``, then compiled once as a ``tf.function``, then in
ONNX Runtime, where tf2onnx is installed to write that file. The classic loop hands over one face at
a time, so that its own figure is that of batch 1.

In every round each of them does every batch once, in a random order, so that what else runs on the
machine hits all alike. Given are medians over the rounds: of the wall time, of the CPU time of its
threads, and of how many times as long the same round took as with the bundled model in ONNX
Runtime on one thread. Where the machine is busy, only the CPU time and that last figure can be
relied on.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.backends import ONNX, TENSORFLOW, choose_backend, load_backend
from common.command import Command
from common.face_model import FACE_SIZE_PX, Crops
from common.json_files import write_json
from common.native_output import tensorflow_notices_left_out
from common.onnx_session import onnxruntime
from common.progress_bar import progress_bar

BATCHES = (1, 8, 32)
WARM_UP_ROUNDS = 2
LEAST_MS = 5.0
"""A measurement repeats its call until it lasts about this long: clocks are coarse."""
BASELINE = "bundled model, ONNX Runtime"
ONE_THREAD, TWO_THREADS, ALL_CORES = "1", "2", "all cores"

Call = Callable[[Crops], object]


@dataclass(frozen=True, slots=True)
class System:
    """Something that classifies ``(n, 48, 48) uint8`` faces."""

    name: str
    threads: str
    call: Call


@dataclass(frozen=True, slots=True)
class Row:
    """A system at a batch size: medians in milliseconds a face, and against the baseline."""

    system: str
    threads: str
    batch: int
    wall_ms: float
    cpu_ms: float
    times_as_long: float
    times_the_cpu: float


def bundled_systems(models: list[Path]) -> list[System]:
    """Load the bundled model in each backend, and the user's files in theirs."""
    asked = [(BASELINE, ONNX, None), ("bundled model, TensorFlow", TENSORFLOW, None)]
    systems = []
    for name, wanted, file in (*asked, *((model.name, "auto", model) for model in models)):
        backend, path = choose_backend(wanted, file)
        classify = load_backend(backend, path).classify
        systems.append(System(name, ONE_THREAD if backend == ONNX else ALL_CORES, classify))
        if backend == ONNX:
            systems.append(System(name, TWO_THREADS, onnx_call(path, TWO_THREADS)))
    return systems


def classic_systems(directory: Path) -> list[System]:
    """Build the classic network, called in three ways."""
    with tensorflow_notices_left_out():
        import tensorflow as tf  # noqa: PLC0415 - its notes on stderr are silenced only here

        from benchmarks.single_process import classic_network  # noqa: PLC0415 - as above

        network = classic_network()
        compiled = tf.function(lambda faces: network(faces, training=False))
        systems = [
            System(
                "classic network, model.predict",
                ALL_CORES,
                lambda crops: network.predict(as_classic(crops), verbose=0),
            ),
            System(
                "classic network, tf.function",
                ALL_CORES,
                lambda crops: compiled(tf.constant(as_classic(crops))).numpy(),
            ),
        ]
        if importlib.util.find_spec("tf2onnx") is not None:
            file = directory / "classic.onnx"
            network(np.zeros((1, FACE_SIZE_PX, FACE_SIZE_PX, 1), np.float32))  # export wants a call
            network.export(file, format="onnx", verbose=False)
            for threads in (ONE_THREAD, TWO_THREADS):
                call = onnx_call(file, threads, as_classic)
                systems.append(System("classic network, ONNX Runtime", threads, call))
    return systems


def as_classic(crops: Crops) -> NDArray[np.float32]:
    """Return ``(n, 48, 48, 1) float32`` from 0 to 1, as the classic network takes them."""
    scaled: NDArray[np.float32] = crops[..., np.newaxis].astype(np.float32) / np.float32(255)
    return scaled


def onnx_call(
    file: Path, threads: str, prepare: Callable[[Crops], NDArray[np.generic]] = np.asarray
) -> Call:
    """Open a file in ONNX Runtime; return the call that classifies faces, prepared for it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    options.log_severity_level = 4
    # Else its threads go on spinning, in the time of what is measured next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda crops: session.run(None, {name: prepare(crops)})


def measure_ms(system: System, crops: Crops) -> tuple[float, float]:
    """Return the wall and the CPU time a face of a call, done until it has lasted ``LEAST_MS``."""
    # Of one thread the own time: others of this process may be busy with what was measured before.
    cpu_clock = time.thread_time if system.threads == ONE_THREAD else time.process_time
    calls, wall_s, cpu_s = 0, time.perf_counter(), cpu_clock()
    while True:
        system.call(crops)
        calls += 1
        wall_ms = (time.perf_counter() - wall_s) * 1000
        if wall_ms >= LEAST_MS:
            break
    cpu_ms = (cpu_clock() - cpu_s) * 1000
    faces = calls * len(crops)
    return wall_ms / faces, cpu_ms / faces


def measure_all(systems: list[System], rounds: int) -> list[Row]:
    """Measure all systems in turn; return a row for each of them and each batch.

    Medians are over the rounds, those of the ratios too: each compares what ran close together.
    """
    random = np.random.default_rng(0)
    size = (BATCHES[-1], FACE_SIZE_PX, FACE_SIZE_PX)
    faces = random.integers(0, 256, size, dtype=np.uint8)
    samples_ms = np.empty((WARM_UP_ROUNDS + rounds, len(BATCHES), len(systems), 2))
    for now in progress_bar(samples_ms, "measuring", "round"):
        for of_batch, batch in zip(now, BATCHES, strict=True):
            for at in random.permutation(len(systems)).tolist():
                of_batch[at] = measure_ms(systems[at], faces[:batch])
    counted = samples_ms[WARM_UP_ROUNDS:]
    medians = np.median(counted, axis=0).tolist()
    ratios = np.median(counted / counted[:, :, :1], axis=0).tolist()
    return [
        Row(system.name, system.threads, batch, *medians[row][at], *ratios[row][at])
        for row, batch in enumerate(BATCHES)
        for at, system in enumerate(systems)
    ]


def print_table(rows: list[Row]) -> None:
    """Print a Markdown table: of each batch wall ms, CPU ms and times the baseline's wall time."""
    titles = [f"batch {batch}: wall, CPU ms; times" for batch in BATCHES]
    print(f"| | threads | {' | '.join(titles)} |")
    print("|---|---|" + "---|" * len(BATCHES))
    by_system: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        figures = f"{row.wall_ms:.2f}, {row.cpu_ms:.2f}; {row.times_as_long:.2f}"
        by_system.setdefault((row.system, row.threads), []).append(figures)
    for (name, threads), cells in by_system.items():
        print(f"| {name} | {threads} | {' | '.join(cells)} |")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument(
        "--model", type=Path, action="append", default=[], help="also measure this .onnx or .keras"
    )
    parser.add_argument("--rounds", type=int, default=20, help="rounds that count (default 20)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")


def run(options: argparse.Namespace) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="ferstream-") as name:
        systems = bundled_systems(options.model) + classic_systems(Path(name))
        rows = measure_all(systems, options.rounds)
    print(f"{os.cpu_count()} cores, ONNX Runtime {onnxruntime.__version__}, milliseconds a face")
    print_table(rows)
    if importlib.util.find_spec("tf2onnx") is None:
        print("The classic network in ONNX Runtime is left out: tf2onnx, to write it, is missing.")
    if options.json is not None:
        report = {"rounds": options.rounds, "rows": [asdict(row) for row in rows]}
        write_json(options.json, report)


main = Command("benchmarks.classifier_speed", __doc__, add_options, run)


if __name__ == "__main__":
    sys.exit(main())
