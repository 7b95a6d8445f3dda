"""A small world around a scheduler: peers that are nothing but what they have been sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
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
    Release,
    Result,
    Status,
    Welcome,
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
    """Return probabilities that tell which crop they are for."""
    rows = np.zeros((len(batch.crops), 7), np.float32)
    rows[:, 0] = batch.crops[:, 0, 0]
    return Expressions(batch.work_id, rows)


class World:
    """Drives a scheduler and keeps what it sends, by peer."""

    def __init__(self, *, by_honcho: bool = False) -> None:
        self.now_ns = 0
        self.scheduler = Scheduler(MAX_AGE_NS, 0, by_honcho=by_honcho)
        self.inbox: defaultdict[bytes, list[Message]] = defaultdict(list)
        self._cameras: dict[bytes, str] = {}
        self._peers = 0

    def say(self, peer: bytes, message: Message) -> None:
        self.scheduler.handle(peer, message, self.now_ns)
        self.deliver()

    def say_frames(self, peer: bytes, ids: Iterable[int]) -> None:
        """Let a capture send frames of its camera."""
        for frame_id in ids:
            self.say(peer, frame(self._cameras[peer], frame_id))

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
        """Return the oldest message of that kind to a peer, and forget those before it."""
        inbox = self.inbox[peer]
        for position, message in enumerate(inbox):
            if isinstance(message, kind):
                del inbox[: position + 1]
                return message
        return None

    def expect(self, peer: bytes, kind: type[M]) -> M:
        """Take a message that is to be there."""
        message = self.take(peer, kind)
        assert message is not None, f"{peer!r} got {self.inbox[peer]}, no {kind.__name__}"
        return message

    def take_all(self, peer: bytes, kind: type[M]) -> list[M]:
        taken: list[M] = [m for m in self.inbox[peer] if isinstance(m, kind)]
        self.inbox[peer].clear()
        return taken

    def new_identity(self) -> bytes:
        self._peers += 1
        return b"peer%d" % self._peers

    def capture(
        self,
        camera: str = "cam",
        mode: Mode = Mode.LIVE,
        slots: int = 24,
        instance: str = "",
        by_honcho: bool = False,
        is_recording: bool = False,
    ) -> bytes:
        peer = self.new_identity()
        hello = CameraHello(
            "c",
            instance or peer.decode(),
            camera,
            mode,
            0,
            slots,
            0,
            0,
            0,
            by_honcho=by_honcho,
            is_recording=is_recording,
        )
        self._cameras[peer] = camera
        self.say(peer, hello)
        return peer

    def worker(self, role: Role, capacity: int) -> bytes:
        peer = self.new_identity()
        self.say(peer, WorkerHello(role, role, peer.decode(), capacity))
        return peer

    def stages(self) -> tuple[bytes, ...]:
        """Let a capture, a detector, a classifier and a publisher join."""
        return self.capture(), self.detector(), self.classifier(), self.publisher()

    def recording(self, interval: int = 1) -> tuple[bytes, bytes, bytes]:
        """Let a lossless capture, a detector and a publisher join."""
        return self.capture(mode=Mode.LOSSLESS), self.detector(interval), self.publisher()

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
        return run

    def detect_frames(
        self, capture: bytes, detector: bytes, ids: Iterable[int], faces: int = 0
    ) -> None:
        """Let a capture send frames and a detector answer after each."""
        for frame_id in ids:
            self.say_frames(capture, [frame_id])
            self.detect(detector, faces)

    def classify(self, peer: bytes) -> ClassifyBatch | None:
        batch = self.take(peer, ClassifyBatch)
        if batch is not None:
            self.say(peer, expressions_for(batch))
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

    def end(self, peer: bytes) -> None:
        self.say(peer, EndOfSource(self._cameras[peer]))

    def look_at_everything(self) -> list[Message]:
        """Have all that waits looked at, by hellos said again; return what moved because of it.

        Detectors say hello only while one is idle: else cameras would keep the turns they are given
        here, whether they had them or not.
        """
        self.deliver()
        peers = self.scheduler.state.peers
        for peer in peers.of_role(Role.PUBLISHER):
            hello = PublisherHello(peer.name, peer.instance, peer.recorded)
            self.scheduler.handle(peer.identity, hello, self.now_ns)
        if peers.idle(Role.DETECTOR, self.now_ns):
            for peer in peers.of_role(Role.DETECTOR):
                again = WorkerHello(peer.role, peer.name, peer.instance, peer.capacity)
                self.scheduler.handle(peer.identity, again, self.now_ns)
        said = [message for _, message in self.scheduler.state.outbox]
        self.deliver()
        return [message for message in said if not isinstance(message, Welcome)]

    def drain(self, workers: list[bytes], publishers: list[bytes]) -> list[Result]:
        """Let everybody work until nothing moves any more; return what was published."""
        results: list[Result] = []
        moved = True
        while moved:
            worked = [self.detect(peer) or self.classify(peer) for peer in workers]
            published = [result for peer in publishers for result in self.publish(peer)]
            results += published
            moved = any(worked) or bool(published)
        return results


def ids(items: Iterable[Frame | Release | Result]) -> list[int]:
    frames = [item.frame if isinstance(item, Result) else item for item in items]
    return [item.frame_id for item in frames]


def assert_ledger(status: CameraStatus) -> None:
    ended = status.published + status.failed + sum(status.dropped.values())
    assert status.captured == ended + status.in_flight, status
    assert min(status.captured, status.published, status.failed, status.in_flight) >= 0
