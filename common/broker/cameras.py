"""A camera as the broker sees it: its ledger and its frames in flight, in order."""

from __future__ import annotations

from collections import Counter, deque

from common.broker.jobs import Job, JobState
from common.broker.peers import RETURN_NS, Peer
from common.contract import Cause, Fate, Mode
from common.ledger import Ledger
from common.messages import CameraHello, CameraStatus


class Camera:
    """One camera: who captures it, what is in flight, what became of the rest.

    Attributes:
        capture: The peer that captures it, None while that is gone.
        jobs: All frames in flight by frame_id.
        line: Those not yet sent to publishers, in order; frames leave it only from the front.
        waiting: Those of the line that wait for a detector, in order.
        gone_ns: When its capture went, if it did.
        stopped: Whether its capture went in order.
        by_honcho: Whether honcho started its capture.
        finished: Whether its capture was told that every frame is accounted for.
        next_frame_id: The frame that is to come next.
        counted_until: Frames before it are counted, whatever comes again of them.
        aside: Why none of its frames is handed out; empty where they are.
        run_length: How many frames its detectors get at once, 0 until the first run.
    """

    def __init__(self, peer: Peer, hello: CameraHello) -> None:
        self.name = hello.camera
        self.mode = hello.mode
        self.aside = ""
        self.run_length = 0
        self.ledger = Ledger(hello.captured, hello.published, hello.failed, Counter(hello.dropped))
        # what the capture had unreleased it sends again (lossless) or has counted (live)
        self.ledger.captured -= self.ledger.in_flight
        self.next_frame_id = self.ledger.captured if self.mode is Mode.LOSSLESS else 0
        self.counted_until = 0
        self.jobs: dict[int, Job] = {}
        self.line: list[Job] = []
        self.waiting: deque[Job] = deque()
        self.adopt(peer, hello)

    def adopt(self, peer: Peer, hello: CameraHello) -> None:
        """Let a capture take, or take up again, this camera."""
        self.capture: Peer | None = peer
        self._instance = peer.instance
        self.gone_ns = 0
        self.stopped = False
        self.by_honcho = hello.by_honcho
        self.finished = False
        self.slots = hello.slots
        self.total_frames = hello.total_frames
        self.is_recording = hello.is_recording
        self.about = hello.about
        self.online = True
        self.reason = ""
        self.ended = False

    def is_held_from(self, instance: str, now_ns: int) -> bool:
        """Return whether the camera waits for its capture, and this is another."""
        awaited = not self.stopped and now_ns - self.gone_ns < RETURN_NS
        return awaited and instance != self._instance

    def add_frame(self, job: Job) -> None:
        """Take a captured frame in; frame ids of a camera only grow."""
        self.next_frame_id = job.frame.frame_id + 1
        self.line.append(job)
        self.waiting.append(job)
        job.replayed = job.frame.frame_id < self.counted_until
        if not job.replayed:
            self.ledger.captured += 1
            self.jobs[job.frame.frame_id] = job

    def skip_frame(self, frame_id: int, cause: Cause) -> None:
        """Count a frame that its capture had no room for."""
        self.next_frame_id = frame_id + 1
        self.ledger.captured += 1
        self.ledger.count_end(Fate.DROPPED, cause)

    def put_back(self, job: Job) -> None:
        """Put a frame back in its place in the line, its publisher having died."""
        job.state = JobState.COMPLETE
        self.line.append(job)
        self.line.sort(key=lambda other: other.frame.frame_id)

    def count_end(self, job: Job, fate: Fate, cause: Cause | None) -> None:
        """Count what became of a frame, unless it was counted before, and let go of it."""
        if job.state is JobState.WAITING:
            self.waiting.remove(job)
        if job.state is not JobState.PUBLISHING:
            self.line.remove(job)
        job.state = JobState.ENDED
        if not job.replayed:
            del self.jobs[job.frame.frame_id]
            self.ledger.count_end(fate, cause)

    def rewind(self) -> None:
        """Take back, as if never captured, what a capture that comes again will send again.

        It begins with the first frame of the run, so that the same is found in it as before.
        """
        unpublished = [job for job in self.line if not job.replayed]
        if unpublished:
            self.counted_until = unpublished[0].frame.frame_id
        else:
            self.counted_until = max(self.counted_until, self.next_frame_id)
        self.next_frame_id = self.counted_until - self.counted_until % max(1, self.run_length)
        for job in self.line:
            job.state = JobState.ENDED
        for job in unpublished:
            del self.jobs[job.frame.frame_id]
        self.ledger.captured -= len(unpublished)
        self.line.clear()
        self.waiting.clear()
        self.ended = False

    def status(self) -> CameraStatus:
        """Return the ledger as it stands."""
        ledger = self.ledger
        return CameraStatus(
            camera=self.name,
            mode=self.mode,
            online=self.online and not self.aside,
            reason=self.reason or self.aside,
            ended=self.ended,
            total_frames=self.total_frames,
            captured=ledger.captured,
            published=ledger.published,
            failed=ledger.failed,
            in_flight=len(self.jobs),
            dropped=dict(ledger.dropped),
            about=self.about,
            is_recording=self.is_recording,
        )
