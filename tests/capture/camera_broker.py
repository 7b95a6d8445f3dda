"""A broker in miniature for one capture, which goes on by itself unless the test forbids it."""

from __future__ import annotations

from typing import TypeVar

import zmq

from common.contract import Cause, Fate, Role
from common.messages import CameraHello, Frame, Message, Release, Status, Welcome, WhoAreYou
from tests.support.fake_broker import FakeBroker

T = TypeVar("T")


class CameraBroker(FakeBroker):
    """Welcomes a capture and keeps what it says; releases frames where it is told to."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> None:
        super().__init__(context, endpoint)
        self._peers: set[bytes] = set()
        self.next_frame_id = 0
        self.awaited: tuple[Role, ...] = ()
        self.releases = True
        self.received: list[Message] = []

    def serve(self) -> None:
        """Handle everything that has arrived."""
        for message in self.heard(wait_ms=1):
            self._handle(message)

    def release(
        self, frame: Frame, fate: Fate = Fate.PUBLISHED, cause: Cause | None = None
    ) -> None:
        """Return a frame's slot back."""
        self.send(Release(frame.camera, frame.frame_id, fate, cause))

    def of(self, kind: type[T]) -> list[T]:
        """Return the messages of a kind received so far."""
        return [message for message in self.received if isinstance(message, kind)]

    def _handle(self, message: Message) -> None:
        if isinstance(message, CameraHello):
            self._peers.add(self.speaker)
            self.send(Welcome(self.next_frame_id, self.awaited))
        elif self.speaker not in self._peers:
            self.send(WhoAreYou())
            return
        if not isinstance(message, Status):
            self.received.append(message)
        if isinstance(message, Frame) and self.releases:
            self.release(message)
