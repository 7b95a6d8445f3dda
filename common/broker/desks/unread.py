"""Frames that detectors could not read, and cameras that are put aside because of it.

A ring may be gone, or on another host than the detector. Where others can read a camera's frames,
the detector that cannot is handed no more of them. Where none can, the camera is put aside: its
frames end without being handed out, and now and then one is tried again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from common.broker.cameras import Camera
from common.broker.jobs import Job, JobState
from common.broker.peers import RETURN_NS, Peer
from common.broker.state import PipelineState
from common.contract import Cause, Mode, Role
from common.messages import Frame
from common.printable import printable

MAX_FAILURES = 3
"""A detector that could not read so many frames of a camera in a row is handed no more of them."""
RETRY_NS = 5_000_000_000
"""After so long one more is tried; at once, where they come from another ring or capture."""
MAX_REASON = 300
"""Characters of what a detector says that are kept and shown."""

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Trouble:
    """What is known of a camera whose frames could not be read.

    Attributes:
        capture: Who sent them.
        ring: Where they were; those of another ring may be readable.
        since_ns: Since when no detector has read any.
        failed_ns: When it was last tried in vain.
        reason: What the detector said then.
        failures: How many frames each detector could not read in a row.
    """

    capture: Peer | None
    ring: str
    since_ns: int
    failed_ns: int = 0
    reason: str = ""
    failures: dict[bytes, int] = field(default_factory=dict)


class UnreadFrames:
    """Keeps who cannot read which camera, and ends the frames that nobody can.

    A lossless frame waits for a while first: the detector that could read those before it may have
    died, and its supervisor starts it again.

    Args:
        state: What the desks share.

    Attributes:
        troubles: What is known of cameras that not every detector could read; often there is none.
    """

    def __init__(self, state: PipelineState) -> None:
        self._state = state
        self.troubles: dict[str | None, Trouble] = {}

    def add_failure(self, job: Job, detector: Peer, reason: str) -> None:
        """Take a detector's word that it could not read a frame."""
        name, now_ns = job.frame.camera, self._state.now_ns
        if name not in self._state.cameras:
            return  # an image: it has no ring
        if job.unread_since_ns is None:
            job.unread_since_ns = now_ns
        trouble = self.troubles.setdefault(name, Trouble(job.capture, job.frame.ring, now_ns))
        trouble.failed_ns, trouble.reason = now_ns, printable(reason, MAX_REASON)
        count = trouble.failures.get(detector.identity, 0) + 1
        trouble.failures[detector.identity] = count
        if count == MAX_FAILURES:
            log.warning("%s cannot read camera %s: %s", detector.name, name, trouble.reason)

    def add_success(self, job: Job, detector: Peer) -> None:
        """Note that a detector has read a frame."""
        trouble = self.troubles.get(job.frame.camera)
        if trouble is None or job.frame.ring != trouble.ring:
            return
        trouble.since_ns = self._state.now_ns
        trouble.failures.pop(detector.identity, None)
        self._take_up(job.frame.camera)
        if not trouble.failures:
            del self.troubles[job.frame.camera]

    def see_frame(self, frame: Frame, capture: Peer) -> None:
        """Forget a camera's trouble if its frames come from elsewhere now."""
        trouble = self.troubles.get(frame.camera)
        if trouble is not None and (trouble.ring != frame.ring or trouble.capture is not capture):
            del self.troubles[frame.camera]
            self._take_up(frame.camera)

    def is_kept_from(self, detector: Peer, turn: str | None) -> bool:
        """Return whether a camera is to wait for another detector than this one."""
        trouble = self.troubles.get(turn)
        if turn is None or trouble is None or _can_read(detector, trouble):
            return False
        return not self.is_aside(self._state.cameras.get(turn))

    def is_aside(self, camera: Camera | None) -> bool:
        """Return whether none of the detectors can read a camera's frames."""
        trouble = self.troubles.get(camera.name) if camera is not None else None
        if camera is None or trouble is None:
            return False
        if camera.mode is Mode.LOSSLESS and not self._is_long_ago(trouble.since_ns):
            return False
        detectors = self._state.peers.of_role(Role.DETECTOR)
        return bool(detectors) and not any(_can_read(peer, trouble) for peer in detectors)

    def end_frames(self, jobs: list[Job]) -> list[Job]:
        """End, of frames of which no detector could read the first, those that are not to wait.

        Live they are dropped; others go on to the publishers without faces.
        """
        job = jobs[0]
        camera = self._state.cameras.get(job.frame.camera)
        trouble = self.troubles.get(job.frame.camera)
        if camera is not None and trouble is not None and self.is_aside(camera):
            self._put_aside(camera, trouble.reason)
        elif job.mode is Mode.LOSSLESS and not self._is_long_ago(job.unread_since_ns):
            return []
        else:
            reason = trouble.reason if trouble is not None else "its JPEG is damaged"
            log.error("%s failed: no detector can read it: %s", job.name, reason)
            jobs = [job]
        for each in jobs:
            self._end(each)
        return jobs

    def expire(self) -> bool:
        """Let each detector try one frame more of cameras that have not been tried for long.

        Return whether there are such cameras.
        """
        found = False
        for name, trouble in list(self.troubles.items()):
            camera = self._state.cameras.get(name or "")
            if camera is not None and self._state.now_ns - trouble.failed_ns > RETRY_NS:
                trouble.failed_ns, found = self._state.now_ns, True
                trouble.failures = {
                    identity: min(count, MAX_FAILURES - 1)
                    for identity, count in trouble.failures.items()
                    if self._state.peers.get(identity) is not None
                }
            if camera is None or not (trouble.failures or camera.aside):
                del self.troubles[name]
        return found

    def _is_long_ago(self, since_ns: int | None) -> bool:
        """Return whether a detector that can read it would be back."""
        return since_ns is not None and self._state.now_ns - since_ns > RETURN_NS

    def _end(self, job: Job) -> None:
        if job.mode is Mode.LIVE:
            self._state.drop(job, Cause.UNREADABLE)
            return
        if job.state is JobState.WAITING:
            self._state.cameras[job.frame.camera].waiting.remove(job)
        job.cause = Cause.UNREADABLE
        job.take_away_faces()
        self._state.complete(job)

    def _put_aside(self, camera: Camera, reason: str) -> None:
        if not camera.aside:
            camera.aside = f"no detector can read its frames: {reason}"
            log.error("camera %s is put aside: %s", camera.name, camera.aside)

    def _take_up(self, name: str) -> None:
        camera = self._state.cameras.get(name)
        if camera is not None and camera.aside:
            camera.aside = ""
            log.info("camera %s is taken up again", name)


def _can_read(detector: Peer, trouble: Trouble) -> bool:
    return trouble.failures.get(detector.identity, 0) < MAX_FAILURES
