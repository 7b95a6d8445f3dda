"""The detection desk: which frames go to which detector, and what if it does not answer."""

from __future__ import annotations

from collections import deque

from common.broker.cameras import Camera
from common.broker.jobs import MAX_DEATHS, Job, JobState, Run
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import MIN_LOSSLESS_SLOTS, Cause, Mode, Role
from common.errors import MessageError
from common.messages import DetectRun, Faces, Frame, QueueStatus

MAX_RUN_BYTES = 32 * 1024 * 1024
"""Of JPEGs in one run, where frames travel inside messages."""

REQUESTS = ""
"""The turn of single images; no camera has an empty name."""
MAX_REST_NS = 1_000_000_000


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
        self._requests: deque[Job] = deque()
        self._requests_rest_until_ns = 0
        self._turns: deque[str] = deque()

    def take(self, camera: Camera, frame: Frame) -> None:
        """Take in a captured frame; in live mode it supersedes those still waiting."""
        if camera.mode is Mode.LIVE:
            for older in camera.waiting():
                self._state.drop(older, Cause.SUPERSEDED)
        camera.add(Job(frame, camera.mode, self._state.now_ns))
        if camera.name not in self._turns:
            self._turns.append(camera.name)

    def take_request(self, job: Job) -> None:
        """Take in a single image. All images together have one turn, as a camera has one.

        A large photograph takes as long as ten frames, so while there are cameras, images pause
        after each for as long as it took: cameras keep half of the time.
        """
        self._requests.append(job)
        if REQUESTS not in self._turns:
            self._turns.append(REQUESTS)

    def withdraw(self, job: Job) -> None:
        """Hand a single image out no more."""
        self._requests = deque(other for other in self._requests if other is not job)
        self._again = deque(run for run in self._again if job not in run.members)

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
        run.answered += 1
        news = job.state is JobState.DETECTING
        if news:
            job.detected(faces.boxes, faces.crops, self._state.now_ns)
            if job.mode is Mode.IMAGE:
                took_ns = self._state.now_ns - job.detecting_ns
                self._requests_rest_until_ns = self._state.now_ns + min(took_ns, MAX_REST_NS)
        if run.answered == len(run.jobs):
            del self._in_hand[faces.work_id]
            peer.work_id = None
            self._finish(run)
        return job if news else None

    def lost(self, work_id: int) -> list[Job]:
        """Take back the work of a detector that died on it; give frames that are now failed.

        The blame is on the first frame not answered yet, by this detector or one before it.
        """
        run = self._in_hand.get(work_id)
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
        self.returned(work_id)
        return failed

    def returned(self, work_id: int, by: bytes | None = None) -> None:
        """Take back work that nothing is wrong with; ``by`` is a detector that cannot do it."""
        run = self._in_hand.pop(work_id, None)
        if run is None:
            return
        if by is not None:
            run.given_up_by.add(by)
        run.answered = 0
        if _is_wanted(run):
            self._again.append(run)
        else:
            self._finish(run)

    def forget(self, camera: Camera) -> None:
        """Drop the work of a camera whose frames are void."""
        self._again = deque(r for r in self._again if r.members[0].frame.camera != camera.name)
        for run in self._in_hand.values():
            if run.members[0].frame.camera == camera.name:
                run.held.clear()
        for job in (*camera.line, *camera.jobs.values()):
            job.run, job.orphaned = None, True

    def remove(self, camera: str) -> None:
        """Give a camera that was taken away no more turns."""
        if camera in self._turns:
            self._turns.remove(camera)

    def expire(self, camera: Camera) -> None:
        """Drop the frames of a live camera that are too old and have not been detected."""
        for job in list(camera.line):
            undetected = job.state in (JobState.WAITING, JobState.DETECTING)
            if undetected and self._state.now_ns - job.received_ns > self._max_age_ns:
                self._state.drop(job, Cause.TOO_OLD)

    def queue(self) -> QueueStatus:
        """Tell how many frames wait for a detector, and how long."""
        waiting = [job for camera in self._state.cameras.values() for job in camera.waiting()]
        again = [j for run in self._again for j in run.jobs if j.state is JobState.DETECTING]
        waiting += [*again, *self._requests]
        since_ns = min((job.received_ns for job in waiting), default=self._state.now_ns)
        oldest_ms = (self._state.now_ns - since_ns) / 1e6
        return QueueStatus(Role.DETECTOR, len(waiting), oldest_ms)

    def dispatch(self) -> None:
        """Hand out work while there is some and somebody asks for it."""
        for peer in self._state.peers.idle(Role.DETECTOR):
            run = self._next_run(peer)
            if run is None:
                continue
            work_id = self._state.new_work_id()
            self._in_hand[work_id] = run
            self._state.peers.set_busy(peer, work_id)
            frames = tuple(job.frame for job in run.jobs)
            self._state.send(peer.identity, DetectRun(work_id, run.jobs[0].mode, frames))

    def _next_run(self, peer: Peer) -> Run | None:
        """Give work that another detector left, else the next of the camera whose turn it is."""
        self._again = deque(run for run in self._again if _is_wanted(run))
        everybody = {other.identity for other in self._state.peers.of_role(Role.DETECTOR)}
        for run in self._again:
            if peer.identity not in run.given_up_by or everybody <= run.given_up_by:
                self._again.remove(run)
                return run
        for _ in range(len(self._turns)):
            jobs = self._jobs_of(self._turns[0], peer.capacity)
            self._turns.rotate(-1)
            if jobs:
                run = Run(jobs, tuple(jobs))
                for job in jobs:
                    job.state, job.run = JobState.DETECTING, run
                    job.detecting_ns = self._state.now_ns
                return run
        return None

    def _jobs_of(self, turn: str, interval: int) -> list[Job]:
        if turn == REQUESTS:
            return [self._requests.popleft()] if self._requests and not self._rests() else []
        camera = self._state.cameras.get(turn)
        return _next_jobs(camera, interval) if camera is not None else []

    def _rests(self) -> bool:
        """Tell whether images pause for the cameras that there are."""
        busy = any(c.online and not c.ended for c in self._state.cameras.values())
        return busy and self._state.now_ns < self._requests_rest_until_ns

    def _finish(self, run: Run) -> None:
        run.done = True
        self._state.release_run(run)


def _is_wanted(run: Run) -> bool:
    """Tell whether any frame of a run still waits for its answer; live ones may be too old now."""
    return any(job.state is JobState.DETECTING for job in run.jobs)


def _next_jobs(camera: Camera, interval: int) -> list[Job]:
    """Give the frames of the camera's next run, or none if it is not complete yet.

    A lossless run is the frames from one multiple of its length up to the next, whatever has
    arrived when, so that results do not depend on timing. Two runs fit into any ring.
    """
    waiting = camera.waiting()
    if not waiting or camera.mode is Mode.LIVE:
        return waiting[-1:]
    length = camera.run_length = max(1, min(interval, MIN_LOSSLESS_SLOTS // 2, camera.slots // 2))
    number = waiting[0].frame.frame_id // length
    run = [job for job in waiting if job.frame.frame_id // length == number]
    complete = camera.ended or run[-1].frame.frame_id == (number + 1) * length - 1
    return _up_to_bytes(run) if complete or len(waiting) > len(run) else []


def _up_to_bytes(jobs: list[Job]) -> list[Job]:
    """Give the first frames whose JPEGs fit one message together, at least one."""
    total = 0
    for number, job in enumerate(jobs):
        total += len(job.frame.jpeg)
        if total > MAX_RUN_BYTES and number:
            return jobs[:number]
    return jobs
