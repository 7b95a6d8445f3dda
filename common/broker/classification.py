"""The classification desk: faces of all cameras in one queue, handed out in batches."""

from __future__ import annotations

from collections import deque

import numpy as np

from common.broker.cameras import Camera
from common.broker.jobs import MAX_DEATHS, Batch, Job, JobState
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.errors import MessageError
from common.messages import CLASSIFIER, LIVE, ClassifyBatch, Expressions


class ClassificationDesk:
    """Hands faces to classifiers: everything waiting, up to the batch that the worker announced.

    Args:
        state: What the desks share.
        patience_ns: Age at which a live frame goes on without its classifications.
    """

    def __init__(self, state: PipelineState, patience_ns: int) -> None:
        self._state = state
        self._patience_ns = patience_ns
        self._queue: deque[tuple[Job, int]] = deque()
        self._in_hand: dict[int, Batch] = {}

    @property
    def queued(self) -> int:
        """Faces waiting for a classifier."""
        return len(self._queue)

    def take(self, job: Job) -> None:
        """Queue the faces of a frame.

        In live mode a frame's faces make those of earlier frames of the same camera, where none is
        with a classifier yet, not worth classifying; and with no classifier at all the frame goes
        on at once.
        """
        if job.mode == LIVE:
            for older in self._waiting_frames():
                if older.frame.camera == job.frame.camera and not older.handed_out:
                    self._give_up(older)
            if not self._state.peers.of_role(CLASSIFIER):
                job.complete(self._state.now_ns)
                return
        self._queue.extend((job, index) for index in sorted(job.unknown))

    def answer(self, peer: Peer, expressions: Expressions) -> None:
        """Take a classifier's answer.

        Raises:
            MessageError: It does not fit the work, which is to be taken back.
        """
        known = peer.work_id == expressions.work_id
        batch = self._in_hand.get(expressions.work_id) if known else None
        if batch is None:
            self._state.ignored["Expressions"] += 1
            return
        rows = len(expressions.probabilities)
        if rows != len(batch.faces):
            raise MessageError(f"expected {len(batch.faces)} rows, got {rows}")
        del self._in_hand[expressions.work_id]
        peer.work_id = None
        for (job, index), probabilities in zip(batch.faces, expressions.probabilities, strict=True):
            if job.state is JobState.CLASSIFYING:
                job.classified(index, probabilities, self._state.now_ns)
            else:
                self._state.ignored["face"] += 1

    def lost(self, work_id: int) -> list[Job]:
        """Take back the batch of a classifier that died or failed; give frames now failed."""
        batch = self._in_hand.pop(work_id, None)
        if batch is None:
            return []
        failed: list[Job] = []
        for job in batch.jobs():
            job.deaths += 1
            job.handed_out = False
            if job.state is JobState.CLASSIFYING and job.deaths >= MAX_DEATHS:
                job.fail(self._state.now_ns)
                failed.append(job)
        waiting = [*batch.faces, *self._queue]
        self._queue = deque(f for f in waiting if f[0].state is JobState.CLASSIFYING)
        return failed

    def forget(self, camera: Camera) -> None:
        """Drop the faces of a camera whose frames are void."""
        self._queue = deque(f for f in self._queue if f[0].frame.camera != camera.name)

    def expire(self, camera: Camera) -> None:
        """Let the frames of a live camera go on that have waited long enough."""
        for job in list(camera.line):
            waits = job.state is JobState.CLASSIFYING
            if waits and self._state.now_ns - job.received_ns > self._patience_ns:
                self._give_up(job)

    def nobody_left(self) -> None:
        """Let all live frames go on: the last classifier is gone."""
        for job in self._waiting_frames():
            if job.mode == LIVE:
                self._give_up(job)

    def dispatch(self) -> None:
        """Hand out batches while faces wait and somebody asks for them."""
        while self._queue and (peer := self._state.peers.first_idle(CLASSIFIER)) is not None:
            batch = self._next_batch(max(1, peer.capacity))
            crops = [job.crops[index] for job, index in batch.faces if job.crops is not None]
            for job, _ in batch.faces:
                job.handed_out = True
            work_id = self._state.new_work_id()
            self._in_hand[work_id] = batch
            self._state.peers.set_busy(peer, work_id)
            self._state.send(peer.identity, ClassifyBatch(work_id, np.stack(crops)))

    def _next_batch(self, capacity: int) -> Batch:
        """Take faces off the queue; those of a frame that was in a lost batch go alone.

        So a face that kills workers takes no other frame's faces down with it a second time.
        """
        first = self._queue[0][0]
        faces: list[tuple[Job, int]] = []
        while self._queue and len(faces) < capacity:
            job = self._queue[0][0]
            if job is not first and (first.deaths or job.deaths):
                break
            faces.append(self._queue.popleft())
        return Batch(faces)

    def _waiting_frames(self) -> list[Job]:
        return list(dict.fromkeys(job for job, _ in self._queue))

    def _give_up(self, job: Job) -> None:
        job.complete(self._state.now_ns)
        self._queue = deque(face for face in self._queue if face[0] is not job)
