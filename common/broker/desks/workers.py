"""The worker desk: what detectors and classifiers say, and what becomes of work they leave."""

from __future__ import annotations

import logging

from common.broker.desks.classification import ClassificationDesk
from common.broker.desks.detection import DetectionDesk
from common.broker.jobs import JobState
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import Role
from common.messages import Expressions, Faces, Ready, Refused, WorkFailed

FromWorker = Ready | Faces | Expressions | WorkFailed

MAX_FAILURES = 3
"""A worker that could not do so many pieces of work in a row is sent away."""

log = logging.getLogger(__name__)


class WorkerDesk:
    """Passes answers on to the desks that handed the work out, and takes work back.

    Args:
        state: What the desks share.
        detection: Hands out frames.
        classification: Hands out faces.
    """

    def __init__(
        self, state: PipelineState, detection: DetectionDesk, classification: ClassificationDesk
    ) -> None:
        self._state = state
        self._detection = detection
        self._classification = classification

    def take(self, peer: Peer, message: FromWorker) -> bool:
        """Take what a worker says; False where it has been sent away.

        Raises:
            MessageError: The answer does not fit the work, which is to be taken back.
        """
        if isinstance(message, Ready):
            self.lost(peer)  # nothing, unless it forgot what it had in hand
            self._state.peers.set_idle(peer)
        elif isinstance(message, Faces) and peer.role is Role.DETECTOR:
            job = self._detection.answer(peer, message)
            peer.answered, peer.failures = True, 0
            if job is not None and job.state is JobState.CLASSIFYING:
                self._classification.take(job)
        elif isinstance(message, Expressions) and peer.role is Role.CLASSIFIER:
            self._classification.answer(peer, message)
        elif isinstance(message, WorkFailed) and peer.work_id == message.work_id:
            return self._failed(peer, message)
        else:
            self._state.ignored[type(message).__name__] += 1
        return True

    def lost(self, peer: Peer) -> None:
        """Take back work whose answer will not come: it may be to blame for that."""
        if peer.work_id is None:
            return
        for job in self._desk_of(peer).lost(peer.work_id):
            log.error("%s failed: no %s survived it", job.name, peer.role)
        peer.work_id = None

    def left(self, peer: Peer) -> None:
        """Take back the work of one that says goodbye: nothing is wrong with it."""
        if peer.work_id is not None:
            self._desk_of(peer).returned(peer.work_id)

    def _desk_of(self, peer: Peer) -> DetectionDesk | ClassificationDesk:
        return self._detection if peer.role is Role.DETECTOR else self._classification

    def _failed(self, peer: Peer, message: WorkFailed) -> bool:
        """Take back work that a worker cannot do; False where it is sent away.

        The work is to blame only where the worker has done other work; one that fails again and
        again is sent away, before it spoils what others could do.
        """
        log.warning("%s %s could not do its work: %s", peer.role, peer.name, message.reason)
        peer.failures += 1
        if peer.answered or peer.role is Role.CLASSIFIER:
            self.lost(peer)
        else:
            self._detection.returned(message.work_id, by=peer.identity)
            peer.work_id = None
        if peer.failures < MAX_FAILURES:
            return True
        reason = f"{peer.failures} pieces of work in a row could not be done: {message.reason}"
        hint = "a worker on another host needs FRAME_TRANSPORT=inline at the capture"
        self._state.send(peer.identity, Refused(f"{reason}; {hint}"))
        return False
