"""A small world around a scheduler: peers that are nothing but what they have been sent."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TypeVar

import numpy as np

from common.broker.scheduler import Scheduler
from common.contract import Mode, Role
from common.messages import (
    CameraHello,
    CameraStatus,
    ClassifyBatch,
    DetectRun,
    EndOfSource,
    Expressions,
    Faces,
    Frame,
    Message,
    Published,
    PublisherHello,
    Ready,
    Release,
    Result,
    Status,
    WorkerHello,
)

MS = 1_000_000
MAX_AGE_NS = 500 * MS
M = TypeVar("M", bound=Message)


def frame(camera: str, frame_id: int) -> Frame:
    return Frame(camera, frame_id, frame_id / 30, 0, 0, 480, 640, "ring", frame_id % 24)


def faces_for(work_id: int, item: Frame, count: int = 1) -> Faces:
    boxes = np.tile(np.array([[10, 10, 50, 50]], np.int32), (count, 1))
    crops = np.full((count, 48, 48), item.frame_id % 256, np.uint8)
    return Faces(work_id, item.frame_id, boxes, crops)


def expressions_for(batch: ClassifyBatch) -> Expressions:
    """Give probabilities that tell which crop they are for."""
    rows = np.zeros((len(batch.crops), 7), np.float32)
    rows[:, 0] = batch.crops[:, 0, 0]
    return Expressions(batch.work_id, rows)


class World:
    """Drives a scheduler and keeps what it sends, by peer."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.scheduler = Scheduler(MAX_AGE_NS, 0)
        self.inbox: defaultdict[bytes, deque[Message]] = defaultdict(deque)
        self._peers = 0

    def say(self, peer: bytes, message: Message) -> None:
        self.scheduler.handle(peer, message, self.now_ns)
        self.deliver()

    def lose(self, peer: bytes) -> None:
        """Let the socket find that a peer is gone."""
        self.scheduler.peer_died(peer)
        self.deliver()

    def pass_time(self, ms: float) -> None:
        self.now_ns += int(ms * MS)
        self.scheduler.tick(self.now_ns)
        self.deliver()

    def deliver(self) -> None:
        for peer, message in self.scheduler.state.outbox:
            self.inbox[peer].append(message)
        self.scheduler.state.outbox.clear()

    def take(self, peer: bytes, kind: type[M]) -> M | None:
        """Give the oldest message of that kind to a peer, and forget those before it."""
        while self.inbox[peer]:
            message = self.inbox[peer].popleft()
            if isinstance(message, kind):
                return message
        return None

    def take_all(self, peer: bytes, kind: type[M]) -> list[M]:
        taken: list[M] = [m for m in self.inbox[peer] if isinstance(m, kind)]
        self.inbox[peer].clear()
        return taken

    def new_identity(self) -> bytes:
        self._peers += 1
        return b"peer%d" % self._peers

    def capture(
        self, camera: str = "cam", mode: Mode = Mode.LIVE, slots: int = 24, instance: str = ""
    ) -> bytes:
        peer = self.new_identity()
        hello = CameraHello("c", instance or peer.decode(), camera, mode, 0, slots, 0, 0, 0)
        self.say(peer, hello)
        return peer

    def worker(self, role: Role, capacity: int) -> bytes:
        peer = self.new_identity()
        self.say(peer, WorkerHello(role, role, peer.decode(), capacity))
        self.say(peer, Ready())
        return peer

    def detector(self, interval: int = 10) -> bytes:
        return self.worker(Role.DETECTOR, interval)

    def classifier(self, batch: int = 8) -> bytes:
        return self.worker(Role.CLASSIFIER, batch)

    def publisher(self, recorded: dict[str, int] | None = None, instance: str = "") -> bytes:
        peer = self.new_identity()
        self.say(peer, PublisherHello("p", instance or peer.decode(), recorded or {}))
        return peer

    def let_everybody_wait(self, seconds: int) -> None:
        """Pass time in which all peers send their heartbeats."""
        for _ in range(seconds):
            for peer in self.scheduler.state.peers.all():
                self.say(peer.identity, Status(0, 0.0, 0))
            self.pass_time(1000)

    def detect(self, peer: bytes, faces: int = 1) -> DetectRun | None:
        """Let a detector do the run it has been sent, if any, and ask for the next."""
        run = self.take(peer, DetectRun)
        if run is not None:
            for item in run.frames:
                self.say(peer, faces_for(run.work_id, item, faces))
            self.say(peer, Ready())
        return run

    def classify(self, peer: bytes) -> ClassifyBatch | None:
        batch = self.take(peer, ClassifyBatch)
        if batch is not None:
            self.say(peer, expressions_for(batch))
            self.say(peer, Ready())
        return batch

    def publish(self, peer: bytes) -> list[Result]:
        """Let a publisher acknowledge all it has been sent."""
        results = self.take_all(peer, Result)
        for result in results:
            self.say(peer, Published(result.frame.camera, result.frame.frame_id))
        return results

    def releases(self, peer: bytes) -> list[Release]:
        return self.take_all(peer, Release)

    def status(self, camera: str = "cam") -> CameraStatus:
        return self.scheduler.state.cameras[camera].status()

    def end(self, peer: bytes, camera: str = "cam") -> None:
        self.say(peer, EndOfSource(camera))

    def drain(self, workers: list[bytes], publishers: list[bytes]) -> list[Result]:
        """Let everybody work until nothing moves any more; give what was published."""
        results: list[Result] = []
        moved = True
        while moved:
            moved = False
            for peer in workers:
                moved |= self.detect(peer) is not None if self._has(peer, DetectRun) else False
                moved |= (
                    self.classify(peer) is not None if self._has(peer, ClassifyBatch) else False
                )
            for peer in publishers:
                published = self.publish(peer)
                results += published
                moved |= bool(published)
        return results

    def _has(self, peer: bytes, kind: type[Message]) -> bool:
        return any(isinstance(message, kind) for message in self.inbox[peer])


def assert_ledger(status: CameraStatus) -> None:
    ended = status.published + status.failed + sum(status.dropped.values())
    assert status.captured == ended + status.in_flight, status
    assert min(status.captured, status.published, status.failed, status.in_flight) >= 0
