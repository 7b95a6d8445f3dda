"""The detection desk: which frames go to which detector, and what if it does not answer."""

from __future__ import annotations

from collections import deque
from typing import Final

from common.broker.cameras import Camera
from common.broker.jobs import MAX_DEATHS, Job, JobState, Run
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import MIN_LOSSLESS_SLOTS, Cause, Mode, Role
from common.errors import MessageError
from common.messages import DetectRun, Faces, Frame, QueueStatus

MAX_RUN_BYTES = 32 * 1024 * 1024
"""The most bytes the JPEGs of one run may have, where frames travel inside messages."""

IMAGES: Final = None
"""The turn of single images, among those of the cameras, which are their names."""

MAX_REST_NS = 1_000_000_000
"""Images pause for the cameras no longer than this."""


class DetectionDesk:
    """Hands frames to detectors: the newest of each live camera, whole runs of lossless ones.

    Args:
        state: What the desks share.
        max_age_ns: Age after which a live frame is not worth detecting.
    """

    def __init__(self, state: PipelineState, max_age_ns: int) -> None:
        self._state = state
        self._max_age_ns = max_age_ns
        self._in_hand: dict[int, Run] = {}
        self._again: deque[Run] = deque()
        self._images: deque[Job] = deque()
        self._images_rest_until_ns = 0
        self._turns: deque[str | None] = deque()

    def add_frame(self, camera: Camera, frame: Frame, capture: Peer) -> None:
        """Take in a captured frame; in live mode it supersedes those still waiting."""
        if camera.mode is Mode.LIVE:
            for older in camera.waiting():
                self._state.drop(older, Cause.SUPERSEDED)
        camera.add_frame(Job(frame, camera.mode, self._state.now_ns, capture))
        self._give_turns(camera.name)

    def add_image(self, job: Job) -> None:
        """Take in a single image. All images together have one turn, as a camera has one.

        A large photograph takes as long as ten frames, so while there are cameras, images pause
        after each for as long as it took: cameras keep half of the time.
        """
        self._images.append(job)
        self._give_turns(IMAGES)

    def take_faces(self, peer: Peer, faces: Faces) -> Job | None:
        """Take a detector's answer for one frame; return the frame if it was waiting for it.

        Raises:
            MessageError: It does not fit the work, which is to be taken back.
        """
        if peer.work_id != faces.work_id:
            self._state.ignore(faces)
            return None
        run = self._in_hand[faces.work_id]
        job = run.jobs[run.answered]
        if faces.frame_id != job.frame.frame_id:
            raise MessageError(
                f"expected faces of frame {job.frame.frame_id}, got {faces.frame_id}"
            )
        run.answered += 1
        news = job.state is JobState.DETECTING
        if news:
            job.set_faces(faces, self._state.now_ns)
            if job.mode is Mode.IMAGE:
                took_ns = self._state.now_ns - job.detecting_ns
                self._images_rest_until_ns = self._state.now_ns + min(took_ns, MAX_REST_NS)
        if run.answered == len(run.jobs):
            del self._in_hand[faces.work_id]
            peer.work_id = None
            self._finish(run)
        return job if news else None

    def take_back_blamed(self, work_id: int) -> None:
        """Take back the run of a detector that died on it.

        The blame is on the first frame not answered yet, by this detector or one before it.
        """
        run = self._in_hand[work_id]
        unanswered = (j for j in run.jobs[run.answered :] if j.state is JobState.DETECTING)
        culprit = next(unanswered, None)
        if culprit is not None:
            culprit.deaths += 1
            if culprit.deaths >= MAX_DEATHS:
                self._state.fail(culprit, Role.DETECTOR)
                run.jobs.remove(culprit)
        self.take_back(work_id)

    def take_back(self, work_id: int, unable: bytes | None = None) -> None:
        """Take back a run that nothing is wrong with; ``unable``: a detector that cannot do it."""
        run = self._in_hand.pop(work_id)
        if unable is not None:
            run.unable.add(unable)
        run.answered = 0
        if _is_wanted(run):
            self._again.append(run)
        else:
            self._finish(run)

    def withdraw_ended(self) -> None:
        """Hand out no image and no run that has come to its end while it waited."""
        self._images = deque(job for job in self._images if job.state is JobState.WAITING)
        self._again = deque(run for run in self._again if _is_wanted(run))

    def forget(self, camera: Camera) -> None:
        """Take a camera that is forgotten out of the turns."""
        if camera.name in self._turns:
            self._turns.remove(camera.name)

    def expire(self) -> None:
        """Drop live frames that are too old and have not been detected."""
        for job in self._state.live_frames():
            undetected = job.state in (JobState.WAITING, JobState.DETECTING)
            if undetected and self._state.now_ns - job.received_ns > self._max_age_ns:
                self._state.drop(job, Cause.TOO_OLD)

    def queue_status(self) -> QueueStatus:
        """Return how many frames wait for a detector, and how long."""
        waiting = [job for camera in self._state.cameras.values() for job in camera.waiting()]
        again = [j for run in self._again for j in run.jobs if j.state is JobState.DETECTING]
        since_ns = [job.received_ns for job in (*waiting, *again, *self._images)]
        return self._state.queue_status(Role.DETECTOR, since_ns)

    def dispatch(self) -> None:
        """Hand out work while there is some and somebody asks for it."""
        idle = self._state.peers.idle(Role.DETECTOR)
        if idle:
            self.withdraw_ended()
        for peer in idle:
            run = self._next_run(peer)
            if run is None:
                continue
            work_id = next(self._state.work_ids)
            self._in_hand[work_id] = run
            self._state.peers.set_busy(peer, work_id)
            frames = tuple(job.frame for job in run.jobs)
            self._state.send(peer.identity, DetectRun(work_id, run.jobs[0].mode, frames))

    def _next_run(self, peer: Peer) -> Run | None:
        """Return work that another detector left, else the next of the camera whose turn it is."""
        everybody = {other.identity for other in self._state.peers.of_role(Role.DETECTOR)}
        for run in self._again:
            if peer.identity not in run.unable or everybody <= run.unable:
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

    def _give_turns(self, turn: str | None) -> None:
        if turn not in self._turns:
            self._turns.append(turn)

    def _jobs_of(self, turn: str | None, interval: int) -> list[Job]:
        if turn is IMAGES:
            return [self._images.popleft()] if self._images and not self._images_rest() else []
        camera = self._state.cameras.get(turn)
        return _next_jobs(camera, interval) if camera is not None else []

    def _images_rest(self) -> bool:
        """Return whether images pause for the cameras that there are."""
        busy = any(c.online and not c.ended for c in self._state.cameras.values())
        return busy and self._state.now_ns < self._images_rest_until_ns

    def _finish(self, run: Run) -> None:
        run.done = True
        self._state.release_run(run)


def _is_wanted(run: Run) -> bool:
    """Return whether any frame of a run waits for its answer; live ones may be too old now."""
    return any(job.state is JobState.DETECTING for job in run.jobs)


def _next_jobs(camera: Camera, interval: int) -> list[Job]:
    """Return the frames of the camera's next run, or none if it is not complete yet.

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
    """Return the first frames whose JPEGs fit one message together, at least one."""
    total = 0
    for number, job in enumerate(jobs):
        total += len(job.frame.jpeg)
        if total > MAX_RUN_BYTES and number:
            return jobs[:number]
    return jobs
