"""What the tests of the publisher are made of: messages, a broker, frames in a ring."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import zmq

from common import link
from common.contract import Cause, Mode, Role
from common.lifetime import Lifetime
from common.messages import (
    CameraStatus,
    Frame,
    PeerStatus,
    PipelineStatus,
    Published,
    PublisherHello,
    Result,
    Welcome,
)
from common.ring import RingWriter
from publisher.config import PublisherConfig
from publisher.stage import PublisherStage
from publisher.web.app import create_app
from publisher.web.entry import make_entry
from publisher.web.server import WebServer
from tests.support.fake_broker import FakeBroker
from tests.support.waiting import eventually

M = TypeVar("M")
HAPPY = (0.02, 0.0, 0.01, 0.9, 0.02, 0.02, 0.03)
SAD = (0.05, 0.01, 0.02, 0.02, 0.8, 0.0, 0.1)
FACE = (40, 30, 60, 60)
WIDTH, HEIGHT = 160, 120


def frame(frame_id: int, camera: str = "cam", pts_s: float | None = None, ring: str = "") -> Frame:
    return Frame(
        camera=camera,
        frame_id=frame_id,
        pts_s=frame_id / 25 if pts_s is None else pts_s,
        captured_at_ns=1_750_000_000_123_456_789 + frame_id * 40_000_000,
        captured_mono_ns=time.monotonic_ns(),
        height=HEIGHT,
        width=WIDTH,
        ring=ring,
        slot=0,
    )


def result(
    of: Frame,
    faces: Sequence[tuple[tuple[int, int, int, int], Sequence[float] | None]] = ((FACE, HAPPY),),
    mode: Mode = Mode.LIVE,
    poses: Sequence[tuple[float, float, float]] = (),
    turned_away: tuple[bool, ...] = (),
) -> Result:
    """Make a result; probabilities None are late ones, or of faces that are turned away."""
    away = turned_away or (False,) * len(faces)
    return Result(
        frame=of,
        mode=mode,
        failed=False,
        boxes=np.array([box for box, _ in faces], np.int32).reshape(-1, 4),
        probabilities=np.array([row or (0.0,) * 7 for _, row in faces], np.float32).reshape(-1, 7),
        reused=tuple(
            row is None and not is_away for (_, row), is_away in zip(faces, away, strict=True)
        ),
        poses=np.array(poses, np.float64).reshape(-1, 3),
        turned_away=turned_away,
    )


def camera_status(
    camera: str = "cam", *, online: bool = True, reason: str = "", ended: bool = False
) -> CameraStatus:
    return CameraStatus(
        camera=camera,
        mode=Mode.LIVE,
        online=online,
        reason=reason,
        ended=ended,
        total_frames=0,
        captured=10,
        published=6,
        failed=1,
        in_flight=1,
        dropped={Cause.SUPERSEDED: 2},
    )


def pipeline(
    *cameras: CameraStatus, roles: Sequence[Role] = (Role.DETECTOR, Role.CLASSIFIER), done: int = 0
) -> PipelineStatus:
    peers = tuple(PeerStatus(role, f"{role}-1", done, 1.0, 0) for role in roles)
    return PipelineStatus(1.0, 0, cameras, peers)


class Rig:
    """A publisher's stage, its web server and a broker, run by the test step by step."""

    def __init__(self, config: PublisherConfig, restarts: int = 0) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.broker = FakeBroker(self.context, config.endpoint)
        self.lifetime = Lifetime()
        self.lifetime.restarts = restarts
        self.lifetime.first_started = 0.0 if restarts else self.lifetime.first_started
        self.ring = RingWriter(HEIGHT, WIDTH, 1)
        self.ring.write(0, np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
        self.server = WebServer(config.host, 0, 2 * config.max_viewers)
        self.stage = PublisherStage(config, self.lifetime, self.context, self.server)
        stage = self.stage
        self.entry = make_entry(config, self.server.address, self.server.url)
        self.app = create_app(stage.live, stage.analyzer, config, self.entry)
        self.server.start(lambda: self.app)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.frames = 0

    def hello(self) -> PublisherHello:
        """Let the publisher say hello, and welcome it."""
        hello = self.until(lambda: self.broker.receive(PublisherHello), "hello")
        assert hello is not None
        self.broker.send(Welcome(0))
        self.until(lambda: self.stage.live.board.connected, "the welcome")
        return hello

    def until(self, condition: Callable[[], M], what: str) -> M:
        """Step the stage until ``condition`` gives something true."""

        def stepped() -> M:
            self.stage.step()
            return condition()

        return eventually(stepped, what)

    def publish(self, sent: Result) -> Published:
        """Hand the publisher a result and wait for its acknowledgement."""
        self.broker.send(sent)
        published = self.until(lambda: self.broker.receive(Published), "an acknowledgement")
        assert published is not None
        return published

    def publish_next(self, camera: str = "cam") -> int:
        """Publish one more frame, with pixels."""
        self.frames += 1
        self.publish(result(frame(self.frames, camera, ring=str(self.ring.path))))
        return self.frames

    def report(self, status: PipelineStatus) -> None:
        """Hand the publisher the broker's status."""
        self.broker.send(status)
        self.until(lambda: self.stage.live.board.view().pipeline == status, "the status")

    def close(self) -> None:
        self.stage.close()
        self.broker.close()
        self.ring.close()
        self.context.term()


@contextmanager
def meanwhile(act: Callable[[], object], interval_s: float = 0.02) -> Iterator[None]:
    """Do something again and again in the background."""
    stop = threading.Event()

    def go_on() -> None:
        while not stop.wait(interval_s):
            act()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def rig(
    folder: Path,
    *,
    results: Path | None = None,
    record: Path | None = None,
    record_clean: Path | None = None,
    max_viewers: int = 8,
    restarts: int = 0,
    welcomed: bool = True,
    **settings: Any,
) -> Iterator[Rig]:
    """Run a publisher on real sockets, which the broker has welcomed unless told otherwise."""
    config = PublisherConfig(
        endpoint=f"ipc://{folder}/b.ipc",
        results=results,
        record=record,
        record_clean=record_clean,
        max_viewers=max_viewers,
        **settings,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(link, "RECONNECT_BACKOFF_S", (1000.0,))  # the test's broker may be silent
        made = Rig(config, restarts)
        try:
            if welcomed:
                made.hello()
            yield made
        finally:
            made.close()
