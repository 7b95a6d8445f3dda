"""The workers' desk: what detectors and classifiers say, and what becomes of work they leave."""

from __future__ import annotations

import logging

from common.broker.desks.classification import ClassificationDesk
from common.broker.desks.detection import DetectionDesk
from common.broker.jobs import JobState
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import Role
from common.messages import Expressions, Faces, Message, Refused, WorkFailed

MAX_FAILURES = 3
"""A classifier that could not do so many pieces of work in a row is dismissed."""

log = logging.getLogger(__name__)


class WorkerDesk:
    """Passes answers on to the desks that handed the work out, and takes work back.

    Args:
        state: What the desks share.
        detection: The desk that hands out frames.
        classification: The desk that hands out faces.
    """

    def __init__(
        self, state: PipelineState, detection: DetectionDesk, classification: ClassificationDesk
    ) -> None:
        self._state = state
        self._detection = detection
        self._classification = classification

    def handle(self, peer: Peer, message: Message) -> None:
        """Take what a worker says.

        Raises:
            MessageError: The answer does not fit the work, which is to be taken back.
        """
        match message:
            case Faces() if peer.role is Role.DETECTOR:
                if peer.work_id == message.work_id:
                    self._classification.check_room(message)
                job = self._detection.take_faces(peer, message)
                peer.answered += 1
                if job is not None and job.state is JobState.CLASSIFYING:
                    self._classification.add_faces(job)
            case Expressions() if peer.role is Role.CLASSIFIER:
                self._classification.take_expressions(peer, message)
                peer.answered, peer.failures = peer.answered + 1, 0
            case WorkFailed() if peer.work_id == message.work_id:
                self._take_failure(peer, message)
            case _:
                self._state.ignore(message)

    def take_back_blamed(self, peer: Peer) -> None:
        """Take back work that a living worker has no answer to: it may be to blame for that."""
        if peer.work_id is not None:
            self._desk_of(peer).take_back_blamed(peer.work_id)
            self._state.peers.set_idle(peer)

    def peer_died(self, peer: Peer) -> None:
        """Take back what a worker died on."""
        if peer.work_id is not None:
            self._desk_of(peer).take_back_blamed(peer.work_id)
        self._classification.go_on_without_classifiers()

    def peer_left(self, peer: Peer) -> None:
        """Take back the work of one that says goodbye: nothing is wrong with it."""
        if peer.work_id is not None:
            self._desk_of(peer).take_back(peer.work_id)
        self._classification.go_on_without_classifiers()

    def _desk_of(self, peer: Peer) -> DetectionDesk | ClassificationDesk:
        return self._detection if peer.role is Role.DETECTOR else self._classification

    def _take_failure(self, peer: Peer, message: WorkFailed) -> None:
        """Take back work that a worker cannot do.

        A detector cannot read a frame, which others may. A classifier has all it needs: one that
        fails again and again is dismissed, before it spoils what others could do.
        """
        log.warning("%s %s could not do its work: %s", peer.role, peer.name, message.reason)
        if peer.role is Role.DETECTOR:
            self._detection.take_back_unread(peer, message.work_id, message.reason)
            return
        peer.failures += 1
        self.take_back_blamed(peer)
        if peer.failures >= MAX_FAILURES:
            reason = f"{peer.failures} pieces of work in a row could not be done: {message.reason}"
            self._state.send(peer.identity, Refused(reason))
            peer.dismissed = True
