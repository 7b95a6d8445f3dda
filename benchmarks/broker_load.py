"""A broker's process under load: real sockets, and peers whose work takes no time.

Cameras send a frame each in its turn, at a fixed rate, from the process that measures; detectors
that find no face and a publisher that shows nothing are in another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import psutil
import zmq

from common import wire
from common.contract import Mode, Role
from common.face_model import FACE_SIZE_PX, no_boxes
from common.messages import (
    CameraHello,
    DetectRun,
    Faces,
    Frame,
    Message,
    Published,
    PublisherHello,
    Release,
    Result,
    Status,
    WorkerHello,
)
from common.sockets import Context
from tests.support.dealer import connect_dealer

SLOTS = 24
RUN_LENGTH = 10
HEARTBEAT_S = 1.0
JOIN_MS = 20_000
WARM_UP_S = 3.0
WAIT_MS = 20
NO_CROPS = np.zeros((0, FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)


@dataclass(frozen=True, slots=True)
class Load:
    """What became of the frames of a while, and what they cost the broker.

    Attributes:
        ended: Frames that came to their end, by what that was.
        cpu_s: User and system time of the broker's process.
        wall_s: How long the while was.
    """

    ended: Counter[str]
    cpu_s: float
    wall_s: float


class Peer:
    """A socket that has said hello, and goes on saying that it lives."""

    def __init__(self, context: Context, endpoint: str, hello: Message) -> None:
        self.socket = connect_dealer(context, endpoint)
        self.socket.setsockopt(zmq.SNDTIMEO, JOIN_MS)  # until the broker listens
        self._status_at_s = time.monotonic() + HEARTBEAT_S
        self.say(hello)

    def say(self, message: Message) -> None:
        """Send a message."""
        self.socket.send_multipart(wire.encode(message))

    def keep_alive(self) -> None:
        """Send a heartbeat if it is time."""
        now_s = time.monotonic()
        if now_s >= self._status_at_s:
            self._status_at_s = now_s + HEARTBEAT_S
            self.say(Status(0, 0.0, 0))

    def heard(self) -> Iterator[Message]:
        """Yield what has come."""
        while self.socket.poll(0):
            yield wire.decode(self.socket.recv_multipart())


class Camera(Peer):
    """A live camera; ``ended`` counts what became of its frames."""

    def __init__(self, context: Context, endpoint: str, name: str) -> None:
        hello = CameraHello(name, name, name, Mode.LIVE, 0, SLOTS, 0, 0, 0)
        super().__init__(context, endpoint, hello)
        self._name = name
        self._sent = 0
        self.ended: Counter[str] = Counter()

    def send_frame(self) -> None:
        """Send a frame, and count what became of those before."""
        self.keep_alive()
        for message in self.heard():
            if isinstance(message, Release):
                self.ended[message.cause or message.fate] += 1
        now_ns = time.monotonic_ns()
        self.say(Frame(self._name, self._sent, 0.5, now_ns, now_ns, 480, 640, "ring", 0))
        self._sent += 1


def measure_load(cameras: int, detectors: int, rate_fps: float, seconds: float) -> Load:
    """Put a load on a broker's process for so long, and return what it cost."""
    with tempfile.TemporaryDirectory(prefix="ferstream-") as directory, zmq.Context() as context:
        endpoint = f"ipc://{directory}/broker.ipc"
        with (
            _running(endpoint, "common.broker.stage") as broker,
            _running(endpoint, "benchmarks.broker_load", endpoint, str(detectors)),
        ):
            senders = [Camera(context, endpoint, f"camera {number}") for number in range(cameras)]
            try:
                _send_frames(senders, rate_fps, WARM_UP_S)
                for sender in senders:
                    sender.ended.clear()
                before, started_s = broker.cpu_times(), time.monotonic()
                _send_frames(senders, rate_fps, seconds)
                after, wall_s = broker.cpu_times(), time.monotonic() - started_s
            finally:
                for sender in senders:
                    sender.socket.close()
    ended = sum((sender.ended for sender in senders), Counter[str]())
    cpu_s = after.user + after.system - before.user - before.system
    return Load(ended, cpu_s, wall_s)


def _send_frames(senders: list[Camera], rate_fps: float, seconds: float) -> None:
    """Let the cameras send, evenly spread over time."""
    start_s = time.monotonic()
    interval_s = 1 / (rate_fps * len(senders))
    for number in range(int(seconds / interval_s)):
        time.sleep(max(0.0, start_s + number * interval_s - time.monotonic()))
        senders[number % len(senders)].send_frame()


@contextmanager
def _running(endpoint: str, module: str, *arguments: str) -> Iterator[psutil.Process]:
    """Have a process until the end of the block; its log is of no interest."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | {"BROKER_ENDPOINT": endpoint},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def work(endpoint: str, detectors: int) -> None:
    """Answer for detectors and a publisher until this process is ended."""
    hellos: list[Message] = [
        WorkerHello(Role.DETECTOR, "detector", f"detector {number}", RUN_LENGTH)
        for number in range(detectors)
    ]
    hellos.append(PublisherHello("publisher", "publisher"))
    with zmq.Context() as context:
        made = [Peer(context, endpoint, hello) for hello in hellos]
        peers = {peer.socket: peer for peer in made}
        poller = zmq.Poller()
        for socket in peers:
            poller.register(socket, zmq.POLLIN)
        while True:
            for socket, _ in poller.poll(WAIT_MS):
                for message in peers[socket].heard():
                    _answer(peers[socket], message)
            for peer in made:
                peer.keep_alive()


def _answer(peer: Peer, message: Message) -> None:
    match message:
        case DetectRun():
            for frame in message.frames:
                peer.say(Faces(message.work_id, frame.frame_id, no_boxes(), NO_CROPS))
        case Result():
            peer.say(Published(message.frame.camera, message.frame.frame_id))


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]))
