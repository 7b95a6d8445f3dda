"""The broker's logic: no sockets, no clock, every transition a method call.

``handle`` takes what a peer said, ``tick`` the passing of time; both leave what is to be sent in
``state.outbox``. Desks do the work, each for one kind of it: intake, detection, classification,
publication, single images; ``Admission`` says who may take part. At every moment, for every
camera, ``captured = published + failed + dropped + in flight``.
"""

from __future__ import annotations

import logging

from common.broker.admission import Admission, Hello
from common.broker.desks.captures import CaptureDesk
from common.broker.desks.classification import ClassificationDesk
from common.broker.desks.detection import DetectionDesk
from common.broker.desks.images import ImageDesk
from common.broker.desks.publishers import PublisherDesk
from common.broker.desks.workers import WorkerDesk
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import WORKER_ROLES, Mode, Role
from common.messages import (
    AnalyzeImage,
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
        self._membership = Admission(self.state)
        self._detection = DetectionDesk(self.state, max_frame_age_ns)
        self._classification = ClassificationDesk(self.state, max_frame_age_ns // 2)
        self._publication = PublisherDesk(self.state)
        self._workers = WorkerDesk(self.state, self._detection, self._classification)
        self._intake = CaptureDesk(self.state, self._detection, self._classification)
        self._requests = ImageDesk(self.state, self._detection, self._classification)
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
            if camera.mode is Mode.LIVE:
                self._detection.expire(camera)
                self._classification.expire(camera)
        self._intake.expire()
        self._publication.expire()
        self._requests.expire()
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
            self._workers.lost(peer)
            self._move_on()

    def heartbeat(self) -> None:
        """Tell every peer that the broker lives."""
        for peer in self.state.peers.all():
            self.state.send(peer.identity, Heartbeat())

    def report(self, now_ns: int, bad_messages: int) -> PipelineStatus:
        """Give the state of everything, and send it to the publishers."""
        self.state.now_ns = now_ns
        status = PipelineStatus(
            uptime_s=(now_ns - self._started_ns) / 1e9,
            bad_messages=bad_messages,
            cameras=tuple(camera.status() for camera in self.state.cameras.values()),
            peers=tuple(peer.summary() for peer in self.state.peers.all()),
            queues=(self._detection.queue(), self._classification.queue()),
            batches=dict(self._classification.batches),
            images=self._requests.status(),
        )
        for peer in self.state.peers.of_role(Role.PUBLISHER):
            self.state.send(peer.identity, status)
        return status

    def _hello(self, identity: bytes, hello: Hello) -> None:
        known = self.state.peers.get(identity)
        if known is None:
            before = self.state.peers.of_instance(hello.instance)
            if before is not None:
                self._remove(before)
            refusal = self._refusal(hello)
            if refusal:
                log.warning("refused %s: %s", hello.name, refusal)
                self.state.send(identity, Refused(refusal))
                return
            self._membership.join(identity, hello, self.state.now_ns)
        camera = self.state.cameras.get(hello.camera) if isinstance(hello, CameraHello) else None
        self.state.send(identity, Welcome(camera.next_frame_id if camera else 0))
        peer = self.state.peers.get(identity)
        if known is None and peer is not None and peer.role is Role.PUBLISHER:
            self._publication.joined(peer)
        if self.finished:
            self.state.send(identity, Finish())

    def _refusal(self, hello: Hello) -> str:
        if self.finished and isinstance(hello, CameraHello):
            return (
                f"CAPTURE_CAMERA={hello.camera}: every recording of this pipeline is done and it "
                "is ending; start it again for another"
            )
        return self._membership.refusal(hello)

    def _handle_known(self, peer: Peer, message: Message) -> None:
        if isinstance(message, Frame | FrameSkipped | CameraState | EndOfSource):
            if not self._intake.take(peer, message):
                self._remove(peer)
                self.state.send(peer.identity, WhoAreYou())
        elif isinstance(message, Ready | Faces | Expressions | WorkFailed):
            if peer.role not in WORKER_ROLES:
                self.state.ignored[type(message).__name__] += 1
            elif not self._workers.take(peer, message):
                self._forget(peer)
        elif isinstance(message, Published) and peer.role is Role.PUBLISHER:
            self._publication.acknowledged(peer, message)
        elif isinstance(message, AnalyzeImage) and peer.role is Role.PUBLISHER:
            self._requests.take(peer, message)
        elif isinstance(message, Status):
            peer.status = message
        elif isinstance(message, Bye):
            self._leave(peer)
        else:
            self.state.ignored[type(message).__name__] += 1

    def _remove(self, peer: Peer) -> None:
        """Forget a peer that died or fell silent, and see to what it had in hand."""
        self._workers.lost(peer)
        if peer.role is Role.PUBLISHER:
            self._publication.lost(peer)
        self._forget(peer)

    def _leave(self, peer: Peer) -> None:
        """Forget a peer that says goodbye; nothing is wrong with what it had in hand."""
        self._workers.left(peer)
        if peer.role is Role.PUBLISHER:
            self._publication.left(peer)
        elif peer.role is Role.CAPTURE:
            self._intake.left(peer)
        self._forget(peer)

    def _forget(self, peer: Peer) -> None:
        self.state.peers.remove(peer)
        log.info("%s %s is gone", peer.role, peer.name)
        if peer.role is Role.CAPTURE:
            self._intake.lost(peer)
        elif peer.role is Role.PUBLISHER:
            self._requests.forget(peer)
        elif peer.role is Role.CLASSIFIER and not self.state.peers.of_role(Role.CLASSIFIER):
            self._classification.nobody_left()

    def _move_on(self) -> None:
        """Do whatever has become possible."""
        for camera in self.state.cameras.values():
            self._publication.advance(camera)
        self._requests.advance()
        self._detection.dispatch()
        self._classification.dispatch()

    def _finish_if_done(self) -> None:
        if not self.finished and self._intake.all_done():
            self.finished = True
            for peer in self.state.peers.all():
                self.state.send(peer.identity, Finish())
