"""The captures' desk: frames in, cameras that come and go."""

from __future__ import annotations

import logging

from common.broker.cameras import Camera
from common.broker.desks.classification import ClassificationDesk
from common.broker.desks.detection import DetectionDesk
from common.broker.peers import RETURN_NS, Peer
from common.broker.state import PipelineState
from common.contract import Cause, Fate, Mode, Role
from common.messages import (
    CameraState,
    EndOfSource,
    Finish,
    Frame,
    FrameSkipped,
    Message,
    Refused,
    Release,
    WhoAreYou,
)
from common.printable import printable

STOPPED_FORGOTTEN_AFTER_NS = 60_000_000_000
DEAD_FORGOTTEN_AFTER_NS = 3_600_000_000_000
"""A live camera whose capture was stopped, or died, is listed as offline so long, then no more. Who
looks after captures starts dead ones again within a minute; only nobody's stay away for an hour."""

FromCapture = Frame | FrameSkipped | CameraState | EndOfSource

log = logging.getLogger(__name__)


class CaptureDesk:
    """Takes frames in and passes them on to the detection desk.

    Args:
        state: What the desks share.
        detection: The desk that gets the frames.
        classification: The desk that has faces of frames that may become void.
    """

    def __init__(
        self, state: PipelineState, detection: DetectionDesk, classification: ClassificationDesk
    ) -> None:
        self._state = state
        self._detection = detection
        self._classification = classification

    def handle(self, peer: Peer, message: Message) -> None:
        """Take what a capture says of its camera."""
        if not isinstance(message, FromCapture) or message.camera != peer.camera:
            self._state.ignore(message)
            return
        camera = self._state.cameras[peer.camera]
        match message:
            case Frame() | FrameSkipped():
                self._take_frame(peer, camera, message)
            case CameraState():
                camera.online, camera.reason = message.online, printable(message.reason, 500)
            case EndOfSource():
                self._detection.end_source(camera)

    def peer_died(self, peer: Peer) -> None:
        """Give up a capture and its ring with it: live frames are lost, lossless come again."""
        self._state.let_go(peer)
        self._void_frames(self._state.cameras[peer.camera], "its capture process is gone")

    def peer_left(self, peer: Peer) -> None:
        """Let a capture go that was stopped: its live camera is about to be taken away."""
        camera = self._state.cameras[peer.camera]
        camera.stopped = True
        self._state.let_go(peer)
        self._void_frames(camera, "its capture was stopped")

    def expire(self) -> None:
        """Let captures go that were added and are done; forget live ones that went a while ago."""
        for camera in self._state.cameras.values():
            if camera.capture is not None and not camera.finished and self._is_done(camera):
                camera.finished = True
                self._state.send(camera.capture.identity, Finish())
        for camera in list(self._state.cameras.values()):
            is_open = camera.ended and not camera.finished
            if self._has_been_away(camera) and not is_open and not camera.jobs:
                self._forget(camera)

    def all_done(self) -> bool:
        """Return whether every source has ended and every frame is counted.

        A live camera whose capture was stopped has nothing more to say, nor one whose capture died
        and was not started again in time. With cameras that were all added nothing ends.
        """
        cameras = self._state.cameras.values()
        awaited = [camera for camera in cameras if not self._is_given_up(camera)]
        own = [camera for camera in awaited if not self._is_added(camera)]
        in_flight = any(camera.jobs for camera in cameras)
        return bool(own) and not in_flight and all(camera.ended for camera in awaited)

    def _take_frame(self, peer: Peer, camera: Camera, message: Frame | FrameSkipped) -> None:
        """Take the next frame in; where one is missing, have all sent again."""
        if message.frame_id < camera.next_frame_id:
            if isinstance(message, Frame):  # sent again, and not needed again
                self._state.release(peer, Release(camera.name, message.frame_id, Fate.PUBLISHED))
        elif camera.mode is Mode.LOSSLESS and message.frame_id > camera.next_frame_id:
            log.warning("camera %s frame %d is missing", camera.name, camera.next_frame_id)
            self._state.send(peer.identity, WhoAreYou())
            peer.dismissed = True
        elif isinstance(message, Frame):
            refusal = self._state.hold(peer, message)
            if refusal is None:
                self._detection.add_frame(camera, message, peer)
            else:
                self._dismiss(peer, refusal)
        else:
            camera.skip_frame(message.frame_id, message.cause)

    def _has_been_away(self, camera: Camera) -> bool:
        """Return whether a live camera's capture is gone for so long that it is not listed."""
        if camera.mode is not Mode.LIVE or camera.capture is not None:
            return False
        patience_ns = STOPPED_FORGOTTEN_AFTER_NS if camera.stopped else DEAD_FORGOTTEN_AFTER_NS
        return self._state.now_ns - camera.gone_ns > patience_ns

    def _is_added(self, camera: Camera) -> bool:
        """Return whether somebody added a camera to a pipeline that honcho runs."""
        return self._state.by_honcho and not camera.by_honcho

    def _is_done(self, camera: Camera) -> bool:
        """Return whether a camera was added and has ended, with every frame counted."""
        return self._is_added(camera) and camera.ended and not camera.jobs

    def _dismiss(self, peer: Peer, reason: str) -> None:
        log.warning("refused %s: %s", peer.name, reason)
        self._state.send(peer.identity, Refused(reason))
        peer.dismissed = True

    def _is_given_up(self, camera: Camera) -> bool:
        if camera.mode is not Mode.LIVE or camera.ended or camera.capture is not None:
            return False
        return camera.stopped or self._state.now_ns - camera.gone_ns > RETURN_NS

    def _void_frames(self, camera: Camera, reason: str) -> None:
        """Give up the frames of a camera whose capture is gone."""
        camera.capture, camera.gone_ns = None, self._state.now_ns
        if camera.finished:
            return
        camera.online, camera.reason = False, reason
        if camera.mode is Mode.LOSSLESS:
            camera.rewind()
        else:
            for job in list(camera.line):
                self._state.drop(job, Cause.CAPTURE_LOST)
        self._classification.withdraw_ended()

    def _forget(self, camera: Camera) -> None:
        log.info("camera %s is forgotten", camera.name)
        del self._state.cameras[camera.name]
        for publisher in self._state.peers.of_role(Role.PUBLISHER):
            publisher.sent.pop(camera.name, None)  # one of that name counts from 0
            publisher.has.pop(camera.name, None)
