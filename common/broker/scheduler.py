"""The broker's logic: no sockets, no clock, every transition a method call.

``handle`` takes what a peer said, ``tick`` the passing of time; both leave what is to be sent in
``state.outbox``. ``admit`` says who may take part; desks do the work, each for one kind of it.
At every moment, for every camera, ``captured = published + failed + dropped + in flight``.

Scheduler and desks share these words, and each means one thing:

- ``handle(peer, message)``: what a peer said. Captures, workers and publishers have a desk each;
  detection, classification and images have theirs behind these.
- ``peer_joined``, ``peer_died``, ``peer_left``: a peer came, was lost, said goodbye.
- ``add_...``: something waits now; ``dispatch``: workers get what waits; ``take_...``: an answer.
- ``take_back_blamed``, ``take_back_unread``, ``take_back``: work goes back to those that wait, as
  something that a worker did not survive, as something that it could not read, or as it was.
- ``advance``: what is finished goes on; ``expire``: what has waited too long does not wait longer.
- ``complete``, ``fail``, ``drop``: a frame is ready, has no worker that can do it, is given up.
- ``withdraw_ended``: work that nobody wants any more is not handed out; ``forget``: a camera is not
  listed any more.
- aside: a camera none of whose frames can be read; they end without being handed out.
- turns, ``to_advance``: cameras of which something has changed, so that they may have a run for a
  detector, or their line may go on; nobody looks at any others.
- ``end_frame``: a frame's camera counts what became of it (``count_end``) and its slot goes back
  (``release``).
"""

from __future__ import annotations

import logging

from common.broker.admission import Hello, admit, welcome_waiting
from common.broker.desks.captures import CaptureDesk
from common.broker.desks.classification import ClassificationDesk
from common.broker.desks.detection import DetectionDesk
from common.broker.desks.images import ImageDesk
from common.broker.desks.publishers import PublisherDesk
from common.broker.desks.workers import WorkerDesk
from common.broker.overdue import Overdue
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import Role
from common.messages import (
    NEVER,
    Bye,
    CameraHello,
    Finish,
    Heartbeat,
    Message,
    PipelineStatus,
    PublisherHello,
    Restarts,
    Status,
    WhoAreYou,
    WorkerHello,
)

log = logging.getLogger(__name__)


class Scheduler:
    """Takes messages and time, decides, and leaves messages.

    Args:
        max_frame_age_ns: Age at which a live frame that is not detected is dropped; at half of it
            one that is not classified is shown with its tracks' last labels.
        now_ns: The time at the start, of the clock that all other times are of.
        restarts: How often the broker had to be started again, for the status.
        by_honcho: Whether honcho runs the pipeline; it ends with the captures that are honcho's.

    Attributes:
        bad_messages: How many came that were none of ours; whoever decodes them counts.
    """

    def __init__(
        self,
        max_frame_age_ns: int,
        now_ns: int,
        restarts: Restarts = NEVER,
        *,
        by_honcho: bool = False,
    ) -> None:
        self.state = PipelineState(by_honcho)
        self.bad_messages = 0
        self._restarts = restarts
        self._overdue = Overdue()
        self._started_ns = now_ns
        self._detection = DetectionDesk(self.state, max_frame_age_ns)
        self._classification = ClassificationDesk(self.state, max_frame_age_ns // 2)
        self._images = ImageDesk(self.state, self._detection, self._classification)
        self._captures = CaptureDesk(self.state, self._detection, self._classification)
        self._workers = WorkerDesk(self.state, self._detection, self._classification)
        self._publishers = PublisherDesk(self.state, self._images)
        self._desks: dict[Role, CaptureDesk | WorkerDesk | PublisherDesk] = {
            Role.CAPTURE: self._captures,
            Role.DETECTOR: self._workers,
            Role.CLASSIFIER: self._workers,
            Role.PUBLISHER: self._publishers,
        }

    def handle(self, identity: bytes, message: Message, now_ns: int) -> None:
        """Take what a peer said.

        Raises:
            MessageError: It makes no sense, and ``bad_message`` is to be called.
        """
        self.state.now_ns = now_ns
        peer = self.state.peers.get(identity)
        match message:
            case WorkerHello() | CameraHello() | PublisherHello():
                self._greet(identity, peer, message)
            case _ if peer is None:
                self.state.send(identity, WhoAreYou())
                return
            case _:
                peer.heard_ns = now_ns
                self._handle_known(peer, message)
        self._move_on()

    def tick(self, now_ns: int) -> None:
        """Let time pass: give up silent peers and stale frames, see whether all is done."""
        self.state.now_ns = now_ns
        for peer in self.state.peers.silent(now_ns):
            log.warning("%s %s is silent; giving it up", peer.role, peer.name)
            self._peer_died(peer)
        self._detection.expire()
        self._classification.expire()
        self._captures.expire()
        self._publishers.expire()
        self._images.expire()
        self._move_on()
        if not self.state.finished and self._captures.all_done():
            self.state.finished = True
            self.report(now_ns)  # or publishers might end without ever having been told of somebody
            self.state.send_all(Finish())

    def peer_died(self, identity: bytes) -> None:
        """Take the socket's word that a peer cannot be reached any more."""
        peer = self.state.peers.get(identity)
        if peer is not None:
            self._peer_died(peer)
            self._move_on()

    def bad_message(self, identity: bytes) -> None:
        """Take note that a peer said what is no message; it may have been the answer to its work.

        So its work is handed out again, else it and the worker would wait for each other for ever.
        """
        peer = self.state.peers.get(identity)
        if peer is not None:
            self._workers.take_back_blamed(peer)
            self._move_on()

    def heartbeat(self) -> None:
        """Tell every peer that the broker lives; give up those that do not answer.

        These are asked who they are when they next say something, and begin anew.
        """
        for peer in self._overdue.look(self.state.peers.all(), self.state.now_ns):
            log.warning("%s %s does not answer what it has in hand", peer.role, peer.name)
            self._peer_died(peer)
        self.state.send_all(Heartbeat())

    def report(self, now_ns: int) -> PipelineStatus:
        """Return the state of everything, and send it to the publishers."""
        self.state.now_ns = now_ns
        status = PipelineStatus(
            uptime_s=(now_ns - self._started_ns) / 1e9,
            bad_messages=self.bad_messages,
            cameras=tuple(camera.status() for camera in self.state.cameras.values()),
            peers=tuple(peer.summary() for peer in self.state.peers.all()),
            queues=(self._detection.queue_status(), self._classification.queue_status()),
            batches=dict(self._classification.batches),
            images=self._images.status(),
            restarts=self._restarts,
        )
        for peer in self.state.peers.of_role(Role.PUBLISHER):
            self.state.send(peer.identity, status)
        return status

    def _greet(self, identity: bytes, known: Peer | None, hello: Hello) -> None:
        """Take a peer in, or say why not; one that is in already stays in."""
        before = self.state.peers.of_instance(hello.instance) if known is None else None
        if before is not None:
            self._peer_died(before)
        peer = admit(self.state, identity, hello)
        if peer is None:
            return
        if peer.role is Role.PUBLISHER:
            self._publishers.peer_joined(peer)
        elif peer.role is Role.DETECTOR:
            self._detection.peer_joined()
        if peer.role is not Role.CAPTURE:
            welcome_waiting(self.state)
        if self.state.finished:
            self.state.send(identity, Finish())

    def _handle_known(self, peer: Peer, message: Message) -> None:
        match message:
            case Status():
                peer.status = message
            case Bye():
                self._peer_left(peer)
            case _:
                self._desks[peer.role].handle(peer, message)
                if peer.dismissed:
                    self._peer_died(peer)

    def _peer_died(self, peer: Peer) -> None:
        """See to what a peer had in hand that died, fell silent or was dismissed."""
        self.state.peers.remove_peer(peer)
        self._desks[peer.role].peer_died(peer)

    def _peer_left(self, peer: Peer) -> None:
        """See to what a peer had in hand that says goodbye: nothing is wrong with that."""
        self.state.peers.remove_peer(peer)
        self._desks[peer.role].peer_left(peer)

    def _move_on(self) -> None:
        """Do whatever has become possible."""
        self._detection.dispatch()
        self._classification.dispatch()
        self._publishers.advance()
        self._images.advance()
