"""The intake desk: what captures say, and what if one is gone."""

from __future__ import annotations

import logging

from common.broker.cameras import Camera
from common.broker.desks.classification import ClassificationDesk
from common.broker.desks.detection import DetectionDesk
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import Cause, Fate, Mode, Role
from common.messages import CameraState, EndOfSource, Frame, FrameSkipped, Release

FORGOTTEN_AFTER_NS = 60_000_000_000
"""A live camera whose capture was stopped is listed as offline so long, then no more."""

RETURN_NS = 10_000_000_000
"""A supervisor starts a capture that died again within seconds."""

FromCapture = Frame | FrameSkipped | CameraState | EndOfSource

log = logging.getLogger(__name__)


class CaptureDesk:
    """Takes frames in and passes them on to the detection desk.

    Args:
        state: What the desks share.
        detection: Gets the frames.
        classification: Has faces of frames that may become void.
    """

    def __init__(
        self, state: PipelineState, detection: DetectionDesk, classification: ClassificationDesk
    ) -> None:
        self._state = state
        self._detection = detection
        self._classification = classification

    def take(self, peer: Peer, message: FromCapture) -> bool:
        """Take what a capture says; False where a frame is missing and all are to be sent again."""
        camera = self._state.cameras.get(message.camera)
        if camera is None or camera.capture != peer.identity:
            self._state.ignored[type(message).__name__] += 1
        elif isinstance(message, CameraState):
            camera.online, camera.reason = message.online, message.reason
        elif isinstance(message, EndOfSource):
            camera.ended = True
        elif message.frame_id < camera.next_frame_id:
            if isinstance(message, Frame):  # sent again, and not needed again
                release = Release(camera.name, message.frame_id, Fate.PUBLISHED)
                self._state.release(release)
        elif camera.mode is Mode.LOSSLESS and message.frame_id > camera.next_frame_id:
            log.warning("camera %s frame %d is missing", camera.name, camera.next_frame_id)
            return False
        elif isinstance(message, FrameSkipped):
            camera.next_frame_id = message.frame_id + 1
            camera.ledger.captured += 1
            camera.ledger.dropped[message.cause] += 1
        else:
            self._detection.take(camera, message)
        return True

    def lost(self, peer: Peer) -> None:
        """A capture is gone, and its ring with it: live frames are lost, lossless come again."""
        for camera in self._state.cameras.values():
            if camera.capture == peer.identity:
                self._lost(camera)

    def left(self, peer: Peer) -> None:
        """A capture was stopped: its live camera is about to be taken away."""
        for camera in self._state.cameras.values():
            if camera.capture == peer.identity:
                self._lost(camera)
                camera.stopped, camera.reason = True, "its capture was stopped"

    def expire(self) -> None:
        """Forget live cameras that were taken away a while ago."""
        before_ns = self._state.now_ns - FORGOTTEN_AFTER_NS
        for camera in list(self._state.cameras.values()):
            is_gone = camera.stopped and camera.gone_ns is not None and camera.gone_ns < before_ns
            if is_gone and camera.mode is Mode.LIVE and not camera.ended and not camera.jobs:
                self._forget(camera)

    def all_done(self) -> bool:
        """Tell whether every source has ended and every frame is counted.

        A live camera whose capture was stopped has nothing more to say, nor one whose capture died
        and was not started again in time.
        """
        cameras = self._state.cameras.values()
        left = [c for c in cameras if c.mode is Mode.LIVE and not c.ended and self._has_left(c)]
        rest = [camera for camera in cameras if camera not in left]
        in_flight = any(camera.jobs for camera in cameras)
        return bool(rest) and not in_flight and all(camera.ended for camera in rest)

    def _has_left(self, camera: Camera) -> bool:
        if camera.gone_ns is None:
            return False
        return camera.stopped or self._state.now_ns - camera.gone_ns > RETURN_NS

    def _forget(self, camera: Camera) -> None:
        log.info("camera %s is forgotten", camera.name)
        del self._state.cameras[camera.name]
        self._detection.remove(camera.name)
        for publisher in self._state.peers.of_role(Role.PUBLISHER):
            # One of that name counts from 0.
            publisher.sent.pop(camera.name, None)
            publisher.has.pop(camera.name, None)

    def _lost(self, camera: Camera) -> None:
        camera.capture, camera.gone_ns = None, self._state.now_ns
        camera.online, camera.reason = False, "its capture process is gone"
        self._detection.forget(camera)
        self._classification.forget(camera)
        if camera.mode is Mode.LOSSLESS:
            camera.forget_unpublished()
        else:
            for job in list(camera.line):
                self._state.drop(job, Cause.CAPTURE_LOST)
