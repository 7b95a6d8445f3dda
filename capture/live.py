"""The live contract: the newest frame wins, and what cannot be handed on is counted."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from capture.camera_feed import CameraFeed
from capture.outgoing import OutgoingFrames
from capture.recording_feed import RecordingFeed
from capture.sources.source import CapturedFrame
from common.contract import Cause, Fate, Role
from common.link import BrokerLink
from common.messages import FrameSkipped, Welcome

log = logging.getLogger(__name__)


class LiveContract:
    """Takes each frame when it is there; the source never waits for the pipeline.

    Args:
        camera: The camera's name.
        feed: Where frames come from.
        outgoing: Where they are kept.

    Attributes:
        waiting: What a recording waits for before it begins; empty where it does not wait.
    """

    def __init__(
        self, camera: str, feed: RecordingFeed | CameraFeed, outgoing: OutgoingFrames
    ) -> None:
        self._camera = camera
        self._feed = feed
        self._outgoing = outgoing
        self._has_begun = False
        self.waiting = ""

    @property
    def exhausted(self) -> bool:
        """Whether every frame has been sent."""
        return self._feed.ended

    def before_hello(self) -> None:
        """Give up what is in hand: the broker that knew of it is gone."""
        self._outgoing.drop_all(Cause.BROKER_RESTART)

    def take_welcome(self, welcome: Welcome) -> None:
        """Go on counting where the broker says; begin once nobody is awaited."""
        self._outgoing.count_from(welcome.next_frame_id)
        self.waiting = "" if self._has_begun else waiting_for(welcome.awaited)
        if not self.waiting:
            self._has_begun = True
            self._feed.start()

    def wait_s(self) -> float:
        """Return the seconds until ``capture`` has something to do."""
        return self._feed.wait_s()

    def capture(self, link: BrokerLink) -> int:
        """Send the next frame if it is there; return the number of frames sent."""
        captured = self._feed.take()
        if captured is None:
            return 0
        for _ in range(captured.superseded):
            self._skip(Cause.SUPERSEDED, link)
        return self._send(captured, link)

    def wait_for_broker(self) -> None:
        """Let the source go on, unseen and uncounted, so that it does not fall behind."""
        self._feed.take()

    def _send(self, captured: CapturedFrame, link: BrokerLink) -> int:
        frame = self._outgoing.add(captured)
        if frame is None:
            self._skip(Cause.RING_FULL, link)
            return 0
        if not link.send(frame):
            self._outgoing.settle(frame.frame_id, Fate.DROPPED, Cause.BROKER_AWAY)
            return 0
        self._outgoing.mark_sent(frame.frame_id)
        return 1

    def _skip(self, cause: Cause, link: BrokerLink) -> None:
        frame_id = self._outgoing.skip(cause)
        if not link.send(FrameSkipped(self._camera, frame_id, cause)):
            log.debug("camera %s frame %d: skipped, broker away", self._camera, frame_id)


def waiting_for(roles: Sequence[Role]) -> str:
    """Say who is to join and how they are started; empty where nobody is."""
    if not roles:
        return ""
    *others, last = (f"a {role}" for role in roles)
    who = f"{', '.join(others)} and {last}" if others else last
    return f"waits for {who} to join ({', '.join(f'python -m {role}' for role in roles)})"
