"""What the three desks of the scheduler share: peers, cameras, work in hand, messages to send."""

from __future__ import annotations

from collections import Counter

from common.broker.cameras import Camera
from common.broker.jobs import Job, JobState, Run
from common.broker.peers import PeerTable
from common.contract import Cause, Fate
from common.messages import Message, Release


class PipelineState:
    """The state of the pipeline, and the outbox in which every transition leaves its messages.

    Attributes:
        now_ns: The time of the transition that is going on.
        outbox: ``(identity of the peer, message)``, in the order in which they are to be sent.
        ignored: Answers that came too late or from peers given up, by type.
    """

    def __init__(self) -> None:
        self.peers = PeerTable()
        self.cameras: dict[str, Camera] = {}
        self.outbox: list[tuple[bytes, Message]] = []
        self.ignored: Counter[str] = Counter()
        self.now_ns = 0
        self._last_work_id = 0

    def new_work_id(self) -> int:
        """Give a number no work has had."""
        self._last_work_id += 1
        return self._last_work_id

    def send(self, identity: bytes, message: Message) -> None:
        """Leave a message for a peer."""
        self.outbox.append((identity, message))

    def camera_of(self, job: Job) -> Camera:
        """Give the camera a frame is of."""
        return self.cameras[job.frame.camera]

    def settle(self, job: Job, fate: Fate, cause: Cause | None = None) -> None:
        """Count a frame's end; its slot is given back when that of its whole run can be."""
        camera = self.camera_of(job)
        camera.settle(job, fate, cause)
        release = Release(camera.name, job.frame.frame_id, fate, cause)
        if job.run is not None:
            job.run.held.append(release)
            self.release_run(job.run)
        elif not job.orphaned:
            self.release(release)

    def release_run(self, run: Run) -> None:
        """Give the slots of a run back if it is detected and all its frames are counted."""
        if run.done and all(job.state is JobState.SETTLED for job in run.members):
            for release in run.held:
                self.release(release)
            run.held.clear()

    def release(self, release: Release) -> None:
        """Tell the capture, if it is there, that a slot is free."""
        capture = self.cameras[release.camera].capture
        if capture is not None:
            self.send(capture, release)

    def drop(self, job: Job, cause: Cause) -> None:
        """Drop a live frame; a detector that still looks at its pixels looks in vain."""
        job.run = None
        self.settle(job, Fate.DROPPED, cause)
