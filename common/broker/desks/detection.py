"""The detection desk: which frames go to which detector, and what if it does not answer."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from common.broker.cameras import Camera
from common.broker.desks.next_run import next_jobs
from common.broker.desks.unread import UnreadFrames
from common.broker.desks.waiting_images import WaitingImages
from common.broker.jobs import MAX_DEATHS, Job, JobState, Run
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import Cause, Mode, Role
from common.errors import MessageError
from common.messages import DetectRun, Faces, Frame, QueueStatus

IMAGES: Final = None
"""The turn of single images, among those of the cameras, which are their names."""


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
        self._images = WaitingImages(state)
        self._turns: OrderedDict[str | None, None] = OrderedDict()
        self._unread = UnreadFrames(state)

    def add_frame(self, camera: Camera, frame: Frame, capture: Peer) -> None:
        """Take in a captured frame; in live mode it supersedes those still waiting."""
        if camera.mode is Mode.LIVE:
            while camera.waiting:
                self._state.drop(camera.waiting[0], Cause.SUPERSEDED)
        if self._unread.troubles:
            self._unread.see_frame(frame, capture)
        job = Job(frame, camera.mode, self._state.now_ns, capture, failed=frame.failed)
        camera.add_frame(job)
        self._give_turn(camera.name)

    def end_source(self, camera: Camera) -> None:
        """Take the word that no more frames come: the last run is complete as it is."""
        camera.ended = True
        self._give_turn(camera.name)

    def peer_joined(self) -> None:
        """Look at all cameras again: a new detector's runs may be of another length."""
        for name in self._state.cameras:
            self._give_turn(name)

    def add_image(self, job: Job) -> None:
        """Take in a single image."""
        self._images.add(job)

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
        if self._unread.troubles:
            self._unread.add_success(job, peer)
        news = job.state is JobState.DETECTING
        if news:
            job.set_faces(faces, self._state.now_ns)
            if job.replayed or not job.unknown:
                self._state.complete(job)
            if job.mode is Mode.IMAGE:
                self._images.note_end(job)
        if run.answered == len(run.jobs):
            del self._in_hand[faces.work_id]
            self._state.peers.set_idle(peer)
            self._finish(run)
        return job if news else None

    def take_back_blamed(self, work_id: int) -> None:
        """Take back the run of a detector that died on it.

        The blame is on the first frame not answered yet, by this detector or one before it.
        """
        run = self._in_hand[work_id]
        culprit = next(iter(_unanswered(run)), None)
        if culprit is not None:
            culprit.deaths += 1
            if culprit.deaths >= MAX_DEATHS:
                self._state.fail(culprit, Role.DETECTOR)
                run.jobs.remove(culprit)
        self.take_back(work_id)

    def take_back_unread(self, peer: Peer, work_id: int, reason: str) -> None:
        """Take back the run of a detector that cannot read the first frame not answered yet."""
        run = self._in_hand[work_id]
        for job in _unanswered(run)[:1]:
            self._unread.add_failure(job, peer, reason)
        run.unable.add(peer.identity)
        self._state.peers.set_idle(peer)
        self.take_back(work_id)

    def take_back(self, work_id: int) -> None:
        """Take back a run that nothing is wrong with."""
        run = self._in_hand.pop(work_id)
        run.answered = 0
        if _is_wanted(run):
            self._again.append(run)
        else:
            self._finish(run)

    def withdraw_ended(self) -> None:
        """Hand out no image and no run that has come to its end while it waited."""
        self._images.withdraw_ended()
        self._again = deque(run for run in self._again if _is_wanted(run))

    def expire(self) -> None:
        """Drop live frames that are too old and have not been detected."""
        if self._unread.expire():
            for run in self._again:
                run.unable.clear()
        for job in self._state.live_frames():
            undetected = job.state in (JobState.WAITING, JobState.DETECTING)
            if undetected and self._state.now_ns - job.received_ns > self._max_age_ns:
                self._state.drop(job, Cause.TOO_OLD)

    def queue_status(self) -> QueueStatus:
        """Return how many frames wait for a detector, and how long."""
        waiting = [job for camera in self._state.cameras.values() for job in camera.waiting]
        again = [j for run in self._again for j in run.jobs if j.state is JobState.DETECTING]
        since_ns = [job.received_ns for job in (*waiting, *again)] + self._images.since_ns()
        return self._state.queue_status(Role.DETECTOR, since_ns)

    def dispatch(self) -> None:
        """Hand out work while there is some and a detector is idle."""
        if self._images.jobs and self._images.has_turn():
            self._give_turn(IMAGES)
        if self._again:
            self.withdraw_ended()
            self._dispatch_again()
        if self._turns:
            for peer in self._state.peers.idle(Role.DETECTOR, self._state.now_ns):
                run = self._next_run(peer)
                if run is not None:
                    self._hand_out(run, peer)
                if not self._turns:
                    break

    def _dispatch_again(self) -> None:
        """Hand out the runs that other detectors left, to those who have not failed at them."""
        everybody = {other.identity for other in self._state.peers.of_role(Role.DETECTOR)}
        idle = self._state.peers.idle(Role.DETECTOR, self._state.now_ns)
        for run in list(self._again):
            if everybody and everybody <= run.unable:
                self._end_unread(run)
            able = [peer for peer in idle if peer.identity not in run.unable]
            if able and _is_wanted(run):
                idle.remove(able[0])
                self._again.remove(run)
                self._hand_out(run, able[0])

    def _end_unread(self, run: Run) -> None:
        """End what is not to wait of a run that no detector can read."""
        for job in self._unread.end_frames(_unanswered(run)):
            run.jobs.remove(job)
            run.unable.clear()
        if not _is_wanted(run):
            self._again.remove(run)
            self._finish(run)

    def _hand_out(self, run: Run, peer: Peer) -> None:
        work_id = next(self._state.work_ids)
        self._in_hand[work_id] = run
        self._state.peers.set_busy(peer, work_id)
        frames = tuple(job.frame for job in run.jobs)
        self._state.send(peer.identity, DetectRun(work_id, run.jobs[0].mode, frames))

    def _next_run(self, peer: Peer) -> Run | None:
        """Return the run of the first of those that have a turn and a run for this detector."""
        if not self._unread.troubles:
            return self._first_run(peer.capacity)
        kept = [turn for turn in self._turns if self._unread.is_kept_from(peer, turn)]
        for turn in kept:
            del self._turns[turn]
        run = self._first_run(peer.capacity)
        self._turns = OrderedDict.fromkeys((*kept, *self._turns))
        return run

    def _first_run(self, interval: int) -> Run | None:
        while self._turns:
            turn, _ = self._turns.popitem(last=False)
            jobs = self._images.take() if turn is IMAGES else self._take_frames(turn, interval)
            if jobs:
                run = Run(jobs, tuple(jobs))
                for job in jobs:
                    job.state, job.run = JobState.DETECTING, run
                    job.detecting_ns = self._state.now_ns
                return run
        return None

    def _give_turn(self, turn: str | None) -> None:
        """Look at a camera, or the images, when those before have been looked at.

        A turn ends when it is looked at. So each that may have a run now is to be given one by
        whatever made that possible, and at no other time need anybody look at it.
        """
        self._turns.setdefault(turn)

    def _take_frames(self, name: str, interval: int) -> list[Job]:
        """Take the camera's next run off those that wait; what still waits has another turn."""
        camera = self._state.cameras.get(name)
        if self._unread.troubles and camera and camera.waiting and self._unread.is_aside(camera):
            self._unread.end_frames(list(camera.waiting))
            return []
        jobs = next_jobs(camera, interval) if camera is not None else []
        if camera is not None and jobs:
            for _ in jobs:
                camera.waiting.popleft()
            if camera.waiting:
                self._give_turn(name)
        return jobs

    def _finish(self, run: Run) -> None:
        run.done = True
        self._state.release_run(run)


def _unanswered(run: Run) -> list[Job]:
    """Return the frames that wait for their first answer, behind those answered anew."""
    return [job for job in run.jobs[run.answered :] if job.state is JobState.DETECTING]


def _is_wanted(run: Run) -> bool:
    """Return whether any frame of a run waits for its answer; live ones may be too old now."""
    return any(job.state is JobState.DETECTING for job in run.jobs)
