"""What the desks of the scheduler share: peers, cameras, and messages to send."""

from __future__ import annotations

import logging
from collections import Counter
from itertools import count

from common.broker.cameras import Camera
from common.broker.jobs import Job, JobState, Run
from common.broker.peers import Peer, PeerTable
from common.contract import Cause, Fate, Mode, Role
from common.messages import Frame, Message, QueueStatus, Release

MAX_PICTURE_BYTES = 512 * 1024 * 1024
"""Of the pictures of frames that travel inside messages, of all captures together."""

log = logging.getLogger(__name__)


class PipelineState:
    """The state of the pipeline, and the outbox in which every transition leaves its messages.

    Args:
        by_honcho: Whether honcho runs the pipeline: captures that it did not start are added to it.

    Attributes:
        now_ns: The time of the transition that is going on.
        to_advance: Names of the cameras of whose line something has changed, so that it may go on.
        outbox: ``(identity of the peer, message)``, in the order in which they are to be sent.
        ignored: How many answers came too late or from peers given up, by type.
        work_ids: Numbers that no work has had.
        finished: Whether every source has ended and every frame is counted.
        picture_bytes: Of the pictures of all frames in hand that travelled inside messages.
    """

    def __init__(self, by_honcho: bool) -> None:
        self.by_honcho = by_honcho
        self.peers = PeerTable()
        self.cameras: dict[str, Camera] = {}
        self.to_advance: dict[str, None] = {}
        self.outbox: list[tuple[bytes, Message]] = []
        self.ignored: Counter[str] = Counter()
        self.finished = False
        self.picture_bytes = 0
        self.now_ns = 0
        self.work_ids = count(1)

    def send(self, identity: bytes, message: Message) -> None:
        """Leave a message for a peer."""
        self.outbox.append((identity, message))

    def send_all(self, message: Message) -> None:
        """Leave a message for every peer."""
        for peer in self.peers.all():
            self.send(peer.identity, message)

    def ignore(self, message: Message) -> None:
        """Count a message that means nothing, or nothing any more."""
        self.ignored[type(message).__name__] += 1

    def queue_status(self, role: Role, since_ns: list[int]) -> QueueStatus:
        """Return how many wait for workers of a role, since these times, and how long at most."""
        oldest_ms = (self.now_ns - min(since_ns, default=self.now_ns)) / 1e6
        return QueueStatus(role, len(since_ns), oldest_ms)

    def live_frames(self) -> list[Job]:
        """Return the frames of live cameras that are not with publishers yet."""
        cameras = [camera for camera in self.cameras.values() if camera.mode is Mode.LIVE]
        return [job for camera in cameras for job in camera.line]

    def advance_all(self) -> None:
        """Let the lines of all cameras go on if they can: it is the publishers that changed."""
        self.to_advance.update(dict.fromkeys(self.cameras))

    def complete(self, job: Job) -> None:
        """Let a frame or image go on; faces whose classification has not come show as reused."""
        job.complete_ns = self.now_ns
        job.state = JobState.COMPLETE
        job.forget_crops()
        self.to_advance[job.frame.camera] = None

    def fail(self, job: Job, role: Role) -> None:
        """Let a frame or image go on without faces: it took down every worker that tried it."""
        job.take_away_faces()
        self.complete(job)
        log.error("%s failed: no %s survived it", job.name, role)

    def drop(self, job: Job, cause: Cause) -> None:
        """Drop a live frame; a detector that still looks at its pixels looks in vain."""
        job.run = None
        self.end_frame(job, Fate.DROPPED, cause)

    def end_frame(self, job: Job, fate: Fate, cause: Cause | None = None) -> None:
        """Let its camera count a frame; its slot is released when that of its whole run can be."""
        camera = self.cameras[job.frame.camera]
        camera.count_end(job, fate, cause)
        self.to_advance[camera.name] = None
        if job.capture is None:
            return
        release = Release(camera.name, job.frame.frame_id, fate, cause)
        if job.run is None:
            self.release(job.capture, release)
        else:
            job.run.held.append((job.capture, release))
            self.release_run(job.run)

    def release_run(self, run: Run) -> None:
        """Release the slots of a run if it is detected and all its frames have ended."""
        if run.done and all(job.state is JobState.ENDED for job in run.members):
            for capture, release in run.held:
                self.release(capture, release)
            run.held.clear()

    def hold(self, capture: Peer, frame: Frame) -> str | None:
        """Count a frame's slot as taken; return what is wrong with a capture that has too many."""
        capture.frame_bytes[frame.frame_id] = len(frame.picture)
        self.picture_bytes += len(frame.picture)
        if len(capture.frame_bytes) > capture.slots:
            return (
                f"CAPTURE_CAMERA={capture.camera}: {capture.slots} frames at once were announced, "
                f"and {len(capture.frame_bytes)} have come"
            )
        if self.picture_bytes > MAX_PICTURE_BYTES:
            return (
                f"FRAME_TRANSPORT=inline: {self.picture_bytes >> 20} MiB of pictures are in the "
                "broker, more than it takes; send fewer or smaller frames, or use a ring"
            )
        return None

    def let_go(self, capture: Peer) -> None:
        """Count no slots of a capture that is gone."""
        self.picture_bytes -= sum(capture.frame_bytes.values())
        capture.frame_bytes.clear()

    def release(self, capture: Peer, release: Release) -> None:
        """Tell a capture, if it is still there, that a slot is free."""
        self.picture_bytes -= capture.frame_bytes.pop(release.frame_id, 0)
        if self.peers.get(capture.identity) is capture:
            self.send(capture.identity, release)
