"""The capture stage: ``python -m capture.stage``, normally started by ``python -m capture``."""

from __future__ import annotations

import logging
import time

from capture.about import about_source, introduction
from capture.camera_feed import CameraFeed
from capture.config import CaptureConfig
from capture.live import LiveContract
from capture.lossless import LosslessContract
from capture.open_feed import open_feed
from capture.outgoing import OutgoingFrames
from capture.recording_feed import RecordingFeed
from capture.slots import LIVE_SLOTS, InlineSlots, RingSlots, lossless_slots
from common.contract import Mode, Transport
from common.errors import SourceError
from common.lifetime import Lifetime
from common.link import BrokerLink, peer_name
from common.messages import (
    CameraHello,
    CameraState,
    EndOfSource,
    Finish,
    Message,
    Release,
    Restarts,
    Welcome,
)
from common.sockets import Context
from common.stage import run_stage
from common.stale_rings import remove_stale_rings

MAX_WAIT_S = 0.05
MAX_MESSAGES_A_STEP = 64
PATIENCE_S = 5.0
"""How long the others' start may take before the log says for whom a recording waits."""

log = logging.getLogger(__name__)


class CaptureStage:
    """Moves frames from the source to the broker, under the contract of its mode.

    Args:
        config: The settings.
        lifetime: The life of this process; the broker's ``Finish`` ends it.
        feed: The open source; the stage closes it.
        context: The ZeroMQ context of the process.
    """

    def __init__(
        self,
        config: CaptureConfig,
        lifetime: Lifetime,
        feed: RecordingFeed | CameraFeed,
        context: Context,
    ) -> None:
        self._camera = config.camera_name
        self._mode = config.mode
        self._lifetime = lifetime
        self._feed = feed
        self._about = about_source(config, feed, lifetime.beat)
        self._is_introduced = isinstance(feed, RecordingFeed)
        if self._is_introduced:
            log.info("%s", introduction(self._camera, self._mode, self._about))
        self._contract: LiveContract | LosslessContract
        places = InlineSlots if config.transport is Transport.INLINE else RingSlots
        if isinstance(feed, RecordingFeed) and config.mode is Mode.LOSSLESS:
            self._slots = lossless_slots(*feed.first_size)
            self._outgoing = OutgoingFrames(self._camera, places(self._slots))
            self._contract = LosslessContract(self._camera, feed, self._outgoing)
        else:
            self._slots = LIVE_SLOTS
            self._outgoing = OutgoingFrames(self._camera, places(self._slots))
            self._contract = LiveContract(self._camera, feed, self._outgoing)
        self._has_sent = lifetime.restarts > 0
        self._told_reason: str | None = None  # the CameraState that the broker has
        self._told_end = False
        self._told_waiting = ""
        self._started_s = time.monotonic()
        self._counted_processor_s = time.process_time()
        self._link = BrokerLink(context, config, self.hello)

    def hello(self) -> CameraHello:
        """Introduce this capture, with what became of its frames so far."""
        self._contract.before_hello()
        ledger = self._outgoing.ledger
        return CameraHello(
            name=peer_name(),
            instance=self._lifetime.instance,
            camera=self._camera,
            mode=self._mode,
            total_frames=self._feed.total_frames,
            slots=self._slots,
            captured=ledger.captured,
            published=ledger.published,
            failed=ledger.failed,
            dropped=dict(ledger.dropped),
            restarts=Restarts(self._lifetime.restarts, self._lifetime.last_end),
            by_honcho=self._lifetime.by_honcho,
            is_recording=isinstance(self._feed, RecordingFeed),
            about=self._about,
        )

    def step(self) -> None:
        """Handle what the broker says, then send a frame if there is one.

        Raises:
            SourceError: There is no place for the first frame; later that is the camera's trouble.
        """
        self._handle_messages()
        if not self._link.welcomed:
            self._contract.wait_for_broker()
            return
        self._tell_state()
        self._log_waiting()
        sent = self._contract.capture(self._link)
        if sent:
            self._has_sent = True
            if not self._is_introduced and isinstance(self._feed, CameraFeed):
                self._introduce(*self._feed.size)
            self._link.count(sent, self._processor_s())
            self._lifetime.worked()
        elif self._outgoing.trouble and not self._has_sent:
            raise SourceError(self._outgoing.trouble)
        if self._contract.exhausted and not self._told_end:
            self._told_end = self._link.send(EndOfSource(self._camera))

    def close(self) -> None:
        """Say goodbye unless an error ends the process, close the source and delete the ring."""
        if self._lifetime.stop_requested:
            self._link.leave()
        else:
            self._link.close()
        self._feed.close()
        self._outgoing.close()

    def _handle_messages(self) -> None:
        """Wait for messages until the next frame is due at most, and handle all there are."""
        timeout_s = min(self._contract.wait_s(), MAX_WAIT_S)
        for _ in range(MAX_MESSAGES_A_STEP):
            message = self._link.receive(timeout_s)
            if message is None:
                return
            self._handle(message)
            timeout_s = 0.0

    def _handle(self, message: Message) -> None:
        if isinstance(message, Release):
            self._outgoing.settle(message.frame_id, message.fate, message.cause)
        elif isinstance(message, Welcome):
            self._contract.take_welcome(message)
            self._told_reason = None
            self._told_end = False
        elif isinstance(message, Finish):
            log.info("camera %s: every frame is accounted for", self._camera)
            self._lifetime.request_stop()
        else:
            log.warning("ignored a %s from the broker", type(message).__name__)

    def _log_waiting(self) -> None:
        """Say what a recording waits for, once that takes long, and when it begins then."""
        waiting = self._contract.waiting
        if waiting == self._told_waiting:
            return
        if not waiting or time.monotonic() - self._started_s > PATIENCE_S:
            self._told_waiting = waiting
            log.info("camera %s %s", self._camera, waiting or "begins")

    def _introduce(self, height: int, width: int) -> None:
        """Say what is captured by a camera, whose first frame tells its size."""
        self._is_introduced = True
        about = {**self._about, "width": width, "height": height}
        log.info("%s", introduction(self._camera, self._mode, about))

    def _processor_s(self) -> float:
        """Return the processor time since the last call; waiting for a frame takes none."""
        before_s, self._counted_processor_s = self._counted_processor_s, time.process_time()
        return self._counted_processor_s - before_s

    def _tell_state(self) -> None:
        reason = self._contract.waiting or self._feed.offline_reason or self._outgoing.trouble
        if reason == self._told_reason:
            return
        if not self._link.send(CameraState(self._camera, reason == "", reason)):
            return
        if self._told_reason is not None:
            log.warning("camera %s is %s", self._camera, f"offline: {reason}" if reason else "back")
        self._told_reason = reason


def make_capture(config: CaptureConfig, lifetime: Lifetime, context: Context) -> CaptureStage:
    """Return a capture whose source is open, connected to the broker."""
    remove_stale_rings()
    return CaptureStage(config, lifetime, open_feed(config, lifetime), context)


if __name__ == "__main__":
    run_stage("capture", CaptureConfig, make_capture)
