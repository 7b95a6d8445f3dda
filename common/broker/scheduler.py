"""The broker's logic: no sockets, no clock, every transition a method call.

``handle`` takes what a peer said, ``tick`` the passing of time; both leave what is to be sent in
``state.outbox``. Three desks do the work, each for one kind of it: detection, classification,
publication; ``Membership`` says who may take part. At every moment, for every camera, ``captured =
published + failed + dropped + in flight``.
"""

from __future__ import annotations

import logging

from common.broker.cameras import CAPTURE_LOST, Camera
from common.broker.classification import ClassificationDesk
from common.broker.detection import DetectionDesk
from common.broker.jobs import JobState
from common.broker.membership import Hello, Membership
from common.broker.peers import CAPTURE, PUBLISHER, Peer
from common.broker.publication import PublicationDesk
from common.broker.state import PipelineState
from common.messages import (
    CLASSIFIER,
    DETECTOR,
    FATE_PUBLISHED,
    LIVE,
    LOSSLESS,
    WORKER_ROLES,
    Bye,
    CameraHello,
    CameraState,
    EndOfSource,
    Expressions,
    Faces,
    Finish,
    Frame,
    FrameSkipped,
    Heartbeat,
    Message,
    PipelineStatus,
    Published,
    PublisherHello,
    Ready,
    Refused,
    Release,
    Status,
    Welcome,
    WhoAreYou,
    WorkerHello,
    WorkFailed,
)

log = logging.getLogger(__name__)


class Scheduler:
    """Takes messages and time, decides, and leaves messages.

    Args:
        max_frame_age_ns: Live: a frame not detected by then is dropped; one not classified by half
            of it is shown with its tracks' last labels.
        now_ns: The time at the start, of the clock that all other times are of.
    """

    def __init__(self, max_frame_age_ns: int, now_ns: int) -> None:
        self.state = PipelineState()
        self._started_ns = now_ns
        self._membership = Membership(self.state)
        self._detection = DetectionDesk(self.state, max_frame_age_ns)
        self._classification = ClassificationDesk(self.state, max_frame_age_ns // 2)
        self._publication = PublicationDesk(self.state)
        self.finished = False

    def handle(self, identity: bytes, message: Message, now_ns: int) -> None:
        """Take what a peer said.

        Raises:
            MessageError: It makes no sense, and ``bad_message`` is to be called.
        """
        self.state.now_ns = now_ns
        if isinstance(message, WorkerHello | CameraHello | PublisherHello):
            self._hello(identity, message)
        else:
            peer = self.state.peers.get(identity)
            if peer is None:
                self.state.send(identity, WhoAreYou())
                return
            peer.heard_ns = now_ns
            self._handle_known(peer, message)
        self._move_on()

    def tick(self, now_ns: int) -> None:
        """Let time pass: give up silent peers and stale frames, see whether all is done."""
        self.state.now_ns = now_ns
        for peer in self.state.peers.silent(now_ns):
            log.warning("%s %s is silent; giving it up", peer.role, peer.name)
            self._remove(peer)
        for camera in self.state.cameras.values():
            if camera.mode == LIVE:
                self._detection.expire(camera)
                self._classification.expire(camera)
        self._move_on()
        self._finish_if_done()

    def gone(self, identity: bytes) -> None:
        """Take the socket's word that a peer cannot be reached any more."""
        peer = self.state.peers.get(identity)
        if peer is not None:
            self._remove(peer)
            self._move_on()

    def bad_message(self, identity: bytes) -> None:
        """Take note that a peer said what is no message; it may have been the answer to its work.

        So its work is handed out again, else it and the worker would wait for each other for ever.
        """
        peer = self.state.peers.get(identity)
        if peer is not None:
            self._take_work_back(peer)
            self._move_on()

    def heartbeat(self) -> None:
        """Tell every peer that the broker lives."""
        for peer in self.state.peers.all():
            self.state.send(peer.identity, Heartbeat())

    def report(self, now_ns: int, bad_messages: int) -> PipelineStatus:
        """Give the state of everything, and send it to the publishers."""
        status = PipelineStatus(
            uptime_s=(now_ns - self._started_ns) / 1e9,
            bad_messages=bad_messages,
            cameras=tuple(camera.status() for camera in self.state.cameras.values()),
            peers=tuple(peer.summary() for peer in self.state.peers.all()),
        )
        for peer in self.state.peers.of_role(PUBLISHER):
            self.state.send(peer.identity, status)
        return status

    def _hello(self, identity: bytes, hello: Hello) -> None:
        known = self.state.peers.get(identity)
        if known is None:
            before = self.state.peers.of_instance(hello.instance)
            if before is not None:
                self._remove(before)
            refusal = self._membership.refusal(hello)
            if refusal:
                log.warning("refused %s: %s", hello.name, refusal)
                self.state.send(identity, Refused(refusal))
                return
            self._membership.join(identity, hello, self.state.now_ns)
        camera = self.state.cameras.get(hello.camera) if isinstance(hello, CameraHello) else None
        self.state.send(identity, Welcome(camera.next_frame_id if camera else 0))

    def _handle_known(self, peer: Peer, message: Message) -> None:
        if isinstance(message, Frame | FrameSkipped | CameraState | EndOfSource):
            self._from_capture(peer, message)
        elif isinstance(message, Ready) and peer.role in WORKER_ROLES:
            self._take_work_back(peer)  # none, unless it forgot what it had in hand
            self.state.peers.set_idle(peer)
        elif isinstance(message, Faces) and peer.role == DETECTOR:
            job = self._detection.answer(peer, message)
            if job is not None and job.state is JobState.CLASSIFYING:
                self._classification.take(job)
        elif isinstance(message, Expressions) and peer.role == CLASSIFIER:
            self._classification.answer(peer, message)
        elif isinstance(message, WorkFailed) and peer.work_id == message.work_id:
            log.warning("%s %s could not do its work: %s", peer.role, peer.name, message.reason)
            self._take_work_back(peer)
        elif isinstance(message, Published) and peer.role == PUBLISHER:
            self._publication.acknowledged(peer, message)
        elif isinstance(message, Status):
            peer.status = message
        elif isinstance(message, Bye):
            self._remove(peer)
        else:
            self.state.ignored[type(message).__name__] += 1

    def _from_capture(
        self, peer: Peer, message: Frame | FrameSkipped | CameraState | EndOfSource
    ) -> None:
        camera = self.state.cameras.get(message.camera)
        if camera is None or camera.capture != peer.identity:
            self.state.ignored[type(message).__name__] += 1
        elif isinstance(message, CameraState):
            camera.online, camera.reason = message.online, message.reason
        elif isinstance(message, EndOfSource):
            camera.ended = True
        elif message.frame_id < camera.next_frame_id:
            if isinstance(message, Frame) and message.frame_id not in camera.jobs:
                self.state.release(Release(camera.name, message.frame_id, FATE_PUBLISHED, ""))
        elif isinstance(message, FrameSkipped):
            camera.next_frame_id = message.frame_id + 1
            camera.ledger.captured += 1
            camera.ledger.dropped[message.cause] += 1
        else:
            self._detection.take(camera, message)

    def _remove(self, peer: Peer) -> None:
        """Forget a peer that left, died or fell silent, and see to what it had in hand."""
        self.state.peers.remove(peer)
        log.info("%s %s is gone", peer.role, peer.name)
        if peer.role == PUBLISHER:
            self._publication.lost(peer)
        elif peer.role == CAPTURE:
            for camera in self.state.cameras.values():
                if camera.capture == peer.identity:
                    self._capture_lost(camera)
        else:
            self._take_work_back(peer)
            if peer.role == CLASSIFIER and not self.state.peers.of_role(CLASSIFIER):
                self._classification.nobody_left()

    def _take_work_back(self, peer: Peer) -> None:
        if peer.work_id is None:
            return
        desk = self._detection if peer.role == DETECTOR else self._classification
        for job in desk.lost(peer.work_id):
            log.error(
                "camera %s frame %d failed: no %s survived it",
                job.frame.camera,
                job.frame.frame_id,
                peer.role,
            )
        peer.work_id = None

    def _capture_lost(self, camera: Camera) -> None:
        """A capture is gone, and its ring with it: live frames are lost, lossless come again."""
        camera.capture = None
        camera.online, camera.reason = False, "its capture process is gone"
        self._detection.forget(camera)
        self._classification.forget(camera)
        if camera.mode == LOSSLESS:
            camera.forget_unpublished()
        else:
            for job in list(camera.line):
                self.state.drop(job, CAPTURE_LOST)

    def _move_on(self) -> None:
        """Do whatever has become possible."""
        for camera in self.state.cameras.values():
            self._publication.advance(camera)
        self._detection.dispatch()
        self._classification.dispatch()

    def _finish_if_done(self) -> None:
        cameras = self.state.cameras.values()
        if self.finished or not cameras:
            return
        if all(camera.ended and not camera.jobs for camera in cameras):
            self.finished = True
            for peer in self.state.peers.all():
                self.state.send(peer.identity, Finish())
