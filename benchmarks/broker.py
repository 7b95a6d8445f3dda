"""What a frame costs the broker, by how many cameras and detectors there are.

    python -m benchmarks.broker [--faces 1]
    python -m benchmarks.broker --process

The first is of the scheduler and the wire alone: messages of the peers are decoded, handled, and
what the scheduler leaves is encoded, in the order in which they would come; three times for each
frame of a camera the scheduler looks at the ages of frames, as it would at 15 frames a second. All
cameras send a frame, then detectors, two classifiers and a publisher answer until nothing is left.
Given are medians over the rounds, of one thread's processor time.

The second is of a broker's process and real sockets: live cameras at 15 frames a second, detectors
that find nothing and a publisher that shows nothing (``benchmarks.broker_load``).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.broker_load import measure_load
from common import wire
from common.broker.scheduler import Scheduler
from common.command import Command
from common.contract import CAMERA_MODES, Fate, Mode, Role
from common.messages import (
    CameraHello,
    ClassifyBatch,
    DetectRun,
    Expressions,
    Faces,
    Frame,
    Message,
    Published,
    PublisherHello,
    Release,
    Result,
    WorkerHello,
)

SIZES = ((1, 2), (32, 8), (64, 16), (256, 16))
"""Cameras and detectors."""
LOADS = ((1, 2), (32, 8), (64, 16), (200, 16))
RATE_FPS = 15.0
CLASSIFIERS = 2
SLOTS = 24
RUN_LENGTH = 10
BATCH = 8
MAX_AGE_NS = 500_000_000
TICK_NS = 20_000_000
TICKS_A_FRAME = 3  # at 15 frames a second
FRAMES_A_ROUND = 2560


class Exchange:
    """A scheduler and peers that answer at once.

    Args:
        mode: What all cameras are.
        cameras: How many.
        detectors: How many.
        faces: Faces found in each frame.
    """

    def __init__(self, mode: Mode, cameras: int, detectors: int, faces: int) -> None:
        self._now_ns = 0
        self._scheduler = Scheduler(MAX_AGE_NS, 0)
        self._pending: deque[tuple[bytes, list[bytes]]] = deque()
        self._boxes = np.ones((faces, 4), np.int32)
        self._crops = np.ones((faces, 48, 48), np.uint8)
        self._names = [f"camera {number}" for number in range(cameras)]
        self._sent = 0
        self.spent_ns = 0
        self.released = 0
        for name in self._names:
            hello = CameraHello("c", name, name, mode, 0, SLOTS, 0, 0, 0)
            self._say(name.encode(), hello)
        self._say(b"publisher", PublisherHello("p", "p"))
        for role, count, capacity in (
            (Role.DETECTOR, detectors, RUN_LENGTH),
            (Role.CLASSIFIER, CLASSIFIERS, BATCH),
        ):
            for number in range(count):
                identity = f"{role} {number}"
                self._say(identity.encode(), WorkerHello(role, role, identity, capacity))
        self._work()

    def frame_of_each(self) -> None:
        """Let every camera send a frame, and everybody work until nothing is to be done."""
        for _ in range(TICKS_A_FRAME):
            self._now_ns += TICK_NS
            self._timed(partial(self._scheduler.tick, self._now_ns))
        for name in self._names:
            frame = Frame(name, self._sent, 0.5, 1, 2, 480, 640, "ring", self._sent % SLOTS)
            self._say(name.encode(), frame)
        self._sent += 1
        self._work()

    def _work(self) -> None:
        while self._pending:
            identity, parts = self._pending.popleft()
            self._timed(partial(self._take, identity, parts))

    def _take(self, identity: bytes, parts: list[bytes]) -> None:
        self._scheduler.handle(identity, wire.decode(parts), self._now_ns)

    def _timed(self, transition: Callable[[], None]) -> None:
        """Let the scheduler take something, and the peers what it sends them."""
        start_ns = time.thread_time_ns()
        transition()
        for _, message in self._scheduler.state.outbox:
            wire.encode(message)
        self.spent_ns += time.thread_time_ns() - start_ns
        outbox, self._scheduler.state.outbox = self._scheduler.state.outbox, []
        for identity, message in outbox:
            self._answer(identity, message)

    def _answer(self, peer: bytes, message: Message) -> None:
        match message:
            case DetectRun():
                for frame in message.frames:
                    faces = Faces(message.work_id, frame.frame_id, self._boxes, self._crops)
                    self._say(peer, faces)
            case ClassifyBatch():
                rows = np.full((len(message.crops), 7), 1 / 7, np.float32)
                self._say(peer, Expressions(message.work_id, rows))
            case Result():
                self._say(peer, Published(message.frame.camera, message.frame.frame_id))
            case Release():
                self.released += 1

    def _say(self, peer: bytes, message: Message) -> None:
        self._pending.append((peer, wire.encode(message)))


def measure_us(mode: Mode, cameras: int, detectors: int, faces: int, rounds: int) -> float:
    """Return the processor time of a frame in microseconds, median over rounds."""
    exchange = Exchange(mode, cameras, detectors, faces)
    frames_of_each = max(2 * RUN_LENGTH, FRAMES_A_ROUND // cameras)
    times = []
    for _ in range(rounds + 1):
        exchange.spent_ns = exchange.released = 0
        for _ in range(frames_of_each):
            exchange.frame_of_each()
        if exchange.released != frames_of_each * cameras:
            raise RuntimeError(f"{exchange.released} of {frames_of_each * cameras} frames ended")
        times.append(exchange.spent_ns / exchange.released / 1000)
    return statistics.median(times[1:])


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default 5)")
    parser.add_argument("--faces", type=int, default=1, help="faces in each frame (default 1)")
    parser.add_argument("--process", action="store_true", help="measure a broker's process")
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="how long each load is measured (default 10)"
    )


def run(options: argparse.Namespace) -> None:
    """Measure and print a Markdown table."""
    if options.process:
        print_loads(options.seconds)
    else:
        print_work(options.faces, options.rounds)


def print_work(faces: int, rounds: int) -> None:
    """Print what a frame costs the scheduler and the wire."""
    print(f"| microseconds a frame | {' | '.join(CAMERA_MODES)} |")
    print("|---|---|---|")
    for cameras, detectors in SIZES:
        cells = [
            f"{measure_us(mode, cameras, detectors, faces, rounds):.0f}" for mode in CAMERA_MODES
        ]
        print(f"| {cameras} cameras, {detectors} detectors | {' | '.join(cells)} |")


def print_loads(seconds: float) -> None:
    """Print what a frame costs a broker's process, and what became of the frames."""
    print("| cameras, detectors | frames/s | dropped | CPU ms a frame | CPU of a core |")
    print("|---|---|---|---|---|")
    for cameras, detectors in LOADS:
        load = measure_load(cameras, detectors, RATE_FPS, seconds)
        ended = load.ended.total()
        dropped = ended - load.ended[Fate.PUBLISHED]
        print(
            f"| {cameras}, {detectors} | {ended / load.wall_s:.0f} | {dropped / ended:.1%} "
            f"| {1000 * load.cpu_s / ended:.2f} | {load.cpu_s / load.wall_s:.0%} |"
        )


main = Command("benchmarks.broker", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
