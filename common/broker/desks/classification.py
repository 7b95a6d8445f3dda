"""The classification desk: faces of all cameras in one queue, handed out in batches."""

from __future__ import annotations

from collections import Counter

import numpy as np

from common.broker.desks.face_queue import FaceQueue, QueuedFace
from common.broker.jobs import FEW_FACES, MAX_DEATHS, Job, JobState
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import Mode, Role
from common.errors import MessageError
from common.messages import ClassifyBatch, Expressions, Faces, QueueStatus

MAX_CROP_BYTES = 128 * 1024 * 1024
"""Of the faces that are not classified yet, 58,000; a frame with few of them is always taken."""


class ClassificationDesk:
    """Hands faces to classifiers: everything waiting, up to the batch that the worker announced.

    Args:
        state: What the desks share.
        patience_ns: Age at which a live frame goes on without its classifications.

    Attributes:
        batches: How many were handed out, by the number of faces in them.
    """

    def __init__(self, state: PipelineState, patience_ns: int) -> None:
        self._state = state
        self._patience_ns = patience_ns
        self.batches: Counter[int] = Counter()
        self._queue = FaceQueue()
        self._in_hand: dict[int, list[QueuedFace]] = {}

    def check_room(self, faces: Faces) -> None:
        """See whether there is room for the faces of a frame.

        Raises:
            MessageError: They are many, and those of other frames take the memory there is.
        """
        if len(faces.crops) <= FEW_FACES:
            return
        jobs = {job for batch in self._in_hand.values() for job, _ in batch}
        jobs.update(self._queue.frames())
        held = sum(job.crops.nbytes for job in jobs if job.crops is not None)
        if held + faces.crops.nbytes > MAX_CROP_BYTES:
            raise MessageError(
                f"expected few faces, for {held >> 20} MiB of them wait for a classifier; "
                f"got {len(faces.crops)} of one frame"
            )

    def add_faces(self, job: Job) -> None:
        """Queue the faces of a frame.

        In live mode a frame's faces make those of earlier frames of the same camera, where none is
        with a classifier yet, not worth classifying; and with no classifier at all the frame goes
        on at once.
        """
        if job.mode is Mode.LIVE:
            for other in self._state.cameras[job.frame.camera].line:
                waits = other.state is JobState.CLASSIFYING and other is not job
                if waits and not other.with_classifiers:
                    self._go_on_without(other)
            if not self._state.peers.of_role(Role.CLASSIFIER):
                self._state.complete(job)
                return
        self._queue.add_faces(job)

    def take_expressions(self, peer: Peer, expressions: Expressions) -> None:
        """Take a classifier's answer.

        Raises:
            MessageError: It does not fit the work, which is to be taken back.
        """
        if peer.work_id != expressions.work_id:
            self._state.ignore(expressions)
            return
        batch = self._in_hand[expressions.work_id]
        rows = len(expressions.probabilities)
        if rows != len(batch):
            raise MessageError(f"expected {len(batch)} rows, got {rows}")
        del self._in_hand[expressions.work_id]
        self._state.peers.set_idle(peer)
        for (job, index), probabilities in zip(batch, expressions.probabilities, strict=True):
            job.with_classifiers -= 1
            if job.state is JobState.CLASSIFYING:
                job.set_expression(index, probabilities)
                if not job.unknown:
                    self._state.complete(job)
            else:
                self._state.ignored["face"] += 1

    def take_back_blamed(self, work_id: int) -> None:
        """Take back the batch of a classifier that died on it."""
        for job, index in self._in_hand[work_id]:
            job.face_deaths[index] += 1
            if job.state is JobState.CLASSIFYING and job.face_deaths[index] >= MAX_DEATHS:
                self._state.fail(job, Role.CLASSIFIER)
        self.take_back(work_id)

    def take_back(self, work_id: int) -> None:
        """Take back a batch that nothing is wrong with."""
        batch = self._in_hand.pop(work_id)
        for job, _ in batch:
            job.with_classifiers -= 1
        self._queue.put_back(batch)
        self._queue.withdraw_ended()

    def withdraw_ended(self) -> None:
        """Hand out no faces of frames that have come to their end while they waited."""
        self._queue.withdraw_ended()

    def expire(self) -> None:
        """Let live frames go on that have waited long enough."""
        for job in self._state.live_frames():
            waits = job.state is JobState.CLASSIFYING
            if waits and self._state.now_ns - job.received_ns > self._patience_ns:
                self._go_on_without(job)

    def go_on_without_classifiers(self) -> None:
        """Let all live frames go on if the last classifier is gone."""
        if not self._state.peers.of_role(Role.CLASSIFIER):
            for job in self._queue.frames():
                if job.mode is Mode.LIVE:
                    self._go_on_without(job)

    def queue_status(self) -> QueueStatus:
        """Return how many faces wait for a classifier, and how long."""
        since_ns = [job.detected_ns for job, _ in self._queue]
        return self._state.queue_status(Role.CLASSIFIER, since_ns)

    def dispatch(self) -> None:
        """Hand out batches while faces wait and a classifier is idle."""
        if not self._queue:
            return
        for peer in self._state.peers.idle(Role.CLASSIFIER, self._state.now_ns):
            if not self._queue:
                return
            batch = self._queue.take_batch(max(1, peer.capacity))
            crops = [job.crops[i : i + 1] for job, i in batch if job.crops is not None]
            for job, _ in batch:
                job.with_classifiers += 1
            work_id = next(self._state.work_ids)
            self._in_hand[work_id] = batch
            self.batches[len(batch)] += 1
            self._state.peers.set_busy(peer, work_id)
            self._state.send(peer.identity, ClassifyBatch(work_id, np.concatenate(crops)))

    def _go_on_without(self, job: Job) -> None:
        """Complete a frame without the classifications it waits for."""
        self._state.complete(job)
        self._queue.withdraw(job)
