"""The lossless contract: every frame is sent, and again until it is released."""

from __future__ import annotations

import logging
import math

from capture.outgoing import OutgoingFrames
from capture.recording_feed import RecordingFeed
from capture.sources.source import CapturedFrame
from common.link import BrokerLink
from common.messages import Welcome

log = logging.getLogger(__name__)


class RingLostError(RuntimeError):
    """Frames in hand cannot be read by all any more; a new process reads them again."""


class LosslessContract:
    """Reads a frame when there is a slot for it; the recording waits for the pipeline.

    Args:
        camera: The camera's name.
        feed: Where frames come from.
        outgoing: Where they are kept.

    Attributes:
        waiting: Empty: frames are kept for whoever joins late.
    """

    waiting = ""

    def __init__(self, camera: str, feed: RecordingFeed, outgoing: OutgoingFrames) -> None:
        self._camera = camera
        self._feed = feed
        self._outgoing = outgoing
        self._next: CapturedFrame | None = None  # read, and waiting for a slot
        self._known = False
        self._blocked = False

    @property
    def exhausted(self) -> bool:
        """Whether every frame has been sent."""
        return self._feed.ended and self._next is None and not self._outgoing.unsent()

    def before_hello(self) -> None:
        """Nothing is given up."""

    def take_welcome(self, welcome: Welcome) -> None:
        """Send again what is not released; the first time, go on where the broker says."""
        self._blocked = False
        if self._known:
            self._outgoing.mark_all_unsent()
            return
        self._known = True
        self._feed.start()
        if welcome.next_frame_id:
            log.info("camera %s goes on at frame %d", self._camera, welcome.next_frame_id)
            self._feed.skip(welcome.next_frame_id)
            self._outgoing.count_from(welcome.next_frame_id)
            self._outgoing.ledger.captured += welcome.next_frame_id
            self._outgoing.ledger.published += welcome.next_frame_id

    def wait_s(self) -> float:
        """Return the seconds until ``capture`` has something to do; infinite if unknown."""
        return math.inf if self._blocked or self.exhausted else 0.0

    def capture(self, link: BrokerLink) -> int:
        """Send the next frame, or those to be sent again; return how many were sent.

        Raises:
            RingLostError: Somebody has deleted the ring. A capture that died has all its frames
                sent again by the next.
        """
        if self._outgoing.lost:
            raise RingLostError(f"camera {self._camera}: its ring was deleted; starting anew")
        if self._next is None:
            self._next = self._feed.take()
        if self._next is not None and self._outgoing.add(self._next) is not None:
            self._next = None
        sent = self._send_unsent(link)
        self._blocked = self._next is not None or bool(self._outgoing.unsent())
        return sent

    def wait_for_broker(self) -> None:
        """Wait."""
        self._blocked = True

    def _send_unsent(self, link: BrokerLink) -> int:
        sent = 0
        for frame in self._outgoing.unsent():
            if not link.send(frame):
                break
            self._outgoing.mark_sent(frame.frame_id)
            sent += 1
        return sent
