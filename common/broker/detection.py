"""The detection desk: which frames go to which detector, and what if it does not answer."""

from __future__ import annotations

from collections import deque

from common.broker.cameras import SUPERSEDED, TOO_OLD, Camera
from common.broker.jobs import MAX_DEATHS, Job, JobState, Run
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.errors import MessageError
from common.messages import DETECTOR, LIVE, DetectRun, Faces, Frame


class DetectionDesk:
    """Hands frames to detectors: the newest of each live camera, whole runs of lossless ones.

    Args:
        state: What the desks share.
        max_age_ns: After which a live frame is not worth detecting.
    """

    def __init__(self, state: PipelineState, max_age_ns: int) -> None:
        self._state = state
        self._max_age_ns = max_age_ns
        self._in_hand: dict[int, Run] = {}
        self._again: deque[Run] = deque()
        self._turns: deque[str] = deque()

    def take(self, camera: Camera, frame: Frame) -> None:
        """Take in a captured frame; in live mode it supersedes those still waiting."""
        if camera.mode == LIVE:
            for older in camera.waiting():
                self._state.drop(older, SUPERSEDED)
        camera.add(Job(frame, camera.mode, self._state.now_ns))
        if camera.name not in self._turns:
            self._turns.append(camera.name)

    def answer(self, peer: Peer, faces: Faces) -> Job | None:
        """Take a detector's answer for one frame; give the frame if it was waiting for it.

        Raises:
            MessageError: It does not fit the work, which is to be taken back.
        """
        run = self._in_hand.get(faces.work_id) if peer.work_id == faces.work_id else None
        if run is None:
            self._state.ignored["Faces"] += 1
            return None
        job = run.jobs[run.answered]
        if faces.frame_id != job.frame.frame_id:
            raise MessageError(
                f"expected faces of frame {job.frame.frame_id}, got {faces.frame_id}"
            )
        if len(faces.boxes) != len(faces.crops):
            raise MessageError(f"expected {len(faces.boxes)} crops, got {len(faces.crops)}")
        run.answered += 1
        news = job.state is JobState.DETECTING
        if news:
            job.detected(faces.boxes, faces.crops, self._state.now_ns)
        if run.answered == len(run.jobs):
            del self._in_hand[faces.work_id]
            peer.work_id = None
            self._finish(run)
        return job if news else None

    def lost(self, work_id: int) -> list[Job]:
        """Take back the work of a detector that died or failed; give frames that are now failed.

        The blame is on the first frame not answered yet, by this detector or one before it.
        """
        run = self._in_hand.pop(work_id, None)
        if run is None:
            return []
        unanswered = (j for j in run.jobs[run.answered :] if j.state is JobState.DETECTING)
        culprit = next(unanswered, None)
        failed = []
        if culprit is not None:
            culprit.deaths += 1
            if culprit.deaths >= MAX_DEATHS:
                culprit.fail(self._state.now_ns)
                failed.append(culprit)
                run.jobs.remove(culprit)
        run.answered = 0
        if any(job.state is JobState.DETECTING for job in run.jobs):
            self._again.append(run)
        else:
            self._finish(run)
        return failed

    def forget(self, camera: Camera) -> None:
        """Drop the work of a camera whose frames are void."""
        self._again = deque(r for r in self._again if r.jobs[0].frame.camera != camera.name)
        for run in self._in_hand.values():
            if run.jobs[0].frame.camera == camera.name:
                run.held.clear()
                for job in run.jobs:
                    job.run = None

    def expire(self, camera: Camera) -> None:
        """Drop the frames of a live camera that are too old and have not been detected."""
        for job in list(camera.line):
            undetected = job.state in (JobState.WAITING, JobState.DETECTING)
            if undetected and self._state.now_ns - job.received_ns > self._max_age_ns:
                self._state.drop(job, TOO_OLD)

    def dispatch(self) -> None:
        """Hand out work while there is some and somebody asks for it."""
        while (peer := self._state.peers.first_idle(DETECTOR)) is not None:
            run = self._next_run(peer.capacity)
            if run is None:
                return
            work_id = self._state.new_work_id()
            self._in_hand[work_id] = run
            self._state.peers.set_busy(peer, work_id)
            frames = tuple(job.frame for job in run.jobs)
            self._state.send(peer.identity, DetectRun(work_id, run.jobs[0].mode, frames))

    def _next_run(self, interval: int) -> Run | None:
        """Give work that a dead detector left, else the next of the camera whose turn it is."""
        while self._again:
            run = self._again.popleft()
            if any(job.state is JobState.DETECTING for job in run.jobs):
                return run
        for _ in range(len(self._turns)):
            camera = self._state.cameras.get(self._turns[0])
            self._turns.rotate(-1)
            jobs = _next_jobs(camera, interval) if camera is not None else []
            if jobs:
                run = Run(jobs)
                for job in jobs:
                    job.state, job.run = JobState.DETECTING, run
                    job.detecting_ns = self._state.now_ns
                return run
        return None

    def _finish(self, run: Run) -> None:
        run.done = True
        for release in run.held:
            self._state.release(release)
        run.held.clear()


def _next_jobs(camera: Camera, interval: int) -> list[Job]:
    """Give the frames of the camera's next run, or none if it is not complete yet.

    A lossless run is the frames from one multiple of its length up to the next, whatever has
    arrived when, so that results do not depend on timing. Two runs must fit into the ring.
    """
    waiting = camera.waiting()
    if not waiting or camera.mode == LIVE:
        return waiting[-1:]
    length = max(1, min(interval, camera.slots // 2))
    number = waiting[0].frame.frame_id // length
    run = [job for job in waiting if job.frame.frame_id // length == number]
    complete = camera.ended or run[-1].frame.frame_id == (number + 1) * length - 1
    return run if complete or len(waiting) > len(run) else []
