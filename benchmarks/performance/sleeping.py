"""Whether the broker shares work evenly: classifiers that only sleep, on a real broker.

Real cores run out before the broker does. A classifier that sleeps for a fixed time a batch needs
none, so that eight of them would do eight times the work of one if the broker took no time at all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import zmq

from benchmarks.performance.plan import Plan
from benchmarks.performance.report import Chart, Panel, Section, table
from benchmarks.performance.steps import Part, Step
from common.config import BrokerSettings
from common.contract import Role
from common.face_model import FACE_SIZE_PX, LABELS
from common.lifetime import Lifetime
from common.messages import ClassifyBatch, DetectRun, Expressions, Faces
from common.worker import A, W, Worker, WorkerStage
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

COUNTS = (1, 2, 4, 8)
SLEEP_S = 0.05
FACES = 4
"""Faces in each frame. A batch is one face."""
SIZE, FRAMES = (160, 120), 3000


class QuickDetector(Worker[DetectRun, Faces]):
    """Finds faces in no time."""

    role = Role.DETECTOR
    takes = DetectRun
    capacity = 10

    def __init__(self) -> None:
        self.about = {}

    def answer(self, work: DetectRun) -> Iterator[Faces]:
        """Yield the same faces for each frame."""
        boxes = np.array([[40 * place, 40, 36, 36] for place in range(FACES)], np.int32)
        crops = np.zeros((FACES, FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)
        for frame in work.frames:
            yield Faces(work.work_id, frame.frame_id, boxes, crops)


class SleepingClassifier(Worker[ClassifyBatch, Expressions]):
    """Takes ``SLEEP_S`` for each face.

    Attributes:
        done: Faces so far.
    """

    role = Role.CLASSIFIER
    takes = ClassifyBatch
    capacity = 1

    def __init__(self) -> None:
        self.about = {}
        self.done = 0

    def answer(self, work: ClassifyBatch) -> Iterator[Expressions]:
        """Sleep, and find all expressions alike."""
        time.sleep(SLEEP_S)
        self.done += len(work.crops)
        rows = np.full((len(work.crops), len(LABELS)), 1 / len(LABELS), np.float32)
        yield Expressions(work.work_id, rows)


@dataclass(frozen=True, slots=True)
class Shares:
    """How many faces a second each classifier did."""

    faces_a_second: tuple[float, ...]

    @property
    def total(self) -> float:
        """All of them together."""
        return sum(self.faces_a_second)


@contextmanager
def at_work(worker: Worker[W, A], endpoint: str) -> Iterator[None]:
    """Let a worker work in a thread of this process."""
    lifetime = Lifetime()

    def work() -> None:
        with zmq.Context() as context:
            stage = WorkerStage(worker, context, BrokerSettings(endpoint), lifetime)
            try:
                lifetime.run(stage.step)
            finally:
                stage.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        lifetime.request_stop()
        thread.join()


def run_sleeping(plan: Plan, count: int) -> Shares:
    """Let so many classifiers work for a while."""
    video = plan.recordings.scaled(SIZE, FRAMES)
    settings = {"CAPTURE_SOURCE": str(video), "CAPTURE_MODE": "lossless"}
    classifiers = [SleepingClassifier() for _ in range(count)]
    with ExitStack() as stack:
        pipeline = stack.enter_context(Pipeline("broker", "capture", "publisher", **settings))
        endpoint = pipeline.environ["BROKER_ENDPOINT"]
        stack.enter_context(at_work(QuickDetector(), endpoint))
        for classifier in classifiers:
            stack.enter_context(at_work(classifier, endpoint))
        eventually(lambda: all(each.done > 2 for each in classifiers), "classifiers at work")
        before, from_s = [each.done for each in classifiers], time.perf_counter()
        time.sleep(plan.window_s / 2)
        passed_s = time.perf_counter() - from_s
        after = [each.done for each in classifiers]
    return Shares(tuple((b - a) / passed_s for a, b in zip(before, after, strict=True)))


def steps(plan: Plan) -> list[Step[Shares]]:
    """Return a run for each number of classifiers."""
    return [
        Step(
            count,
            f"{count} that sleep",
            round(plan.window_s / 2) + 3,
            partial(run_sleeping, plan, count),
        )
        for count in COUNTS
    ]


def section(_plan: Plan, runs: Mapping[int, Shares]) -> Section:
    """Compare with one."""
    alone = runs[1].total
    rows = [
        [
            str(count),
            f"{run.total:.1f}",
            f"{run.total / alone:.2f}",
            f"{min(run.faces_a_second):.1f} to {max(run.faces_a_second):.1f}",
        ]
        for count, run in runs.items()
    ]
    titles = ("classifiers", "faces/s", "times one", "faces/s of each")
    text = (
        f"Classifiers that sleep {1000 * SLEEP_S:.0f} ms for each face and need no core, on a real "
        f"broker, capture and publisher, lossless, {FACES} faces a frame, batches of one face: "
        f"{1 / SLEEP_S:.0f} faces a second each would be all that is possible."
    )
    times = [(float(count), run.total / alone) for count, run in runs.items()]
    ideal = [(float(count), float(count)) for count in runs]
    chart = Chart(
        "sleeping",
        "classifiers that sleep",
        (Panel("times the work of one", {"measured": times, "ideal": ideal}),),
        tuple(map(float, COUNTS)),
    )
    return Section(text, (table(titles, rows),), (chart,), {"sleeping_8_times_1": times[-1][1]})


PART = Part("sleeping", "Classifiers that sleep", steps, section)
