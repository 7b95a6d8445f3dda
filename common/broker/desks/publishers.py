"""The publication desk: finished frames to the publishers, in the order of their camera."""

from __future__ import annotations

from common.broker.cameras import Camera
from common.broker.jobs import Job, JobState
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import Cause, Fate, Mode, Role
from common.messages import Published

IN_HAND_LIMIT = {Mode.LIVE: 3, Mode.LOSSLESS: 16}
"""Frames of one camera that a publisher may hold unacknowledged; live, more would be stale."""

RETURN_NS = 10_000_000_000
"""So long lossless frames wait for a publisher that died: its supervisor pauses up to 8 s."""


class PublisherDesk:
    """Sends each finished frame to every publisher and counts it when all have acknowledged.

    Args:
        state: What the desks share.
    """

    def __init__(self, state: PipelineState) -> None:
        self._state = state
        self._awaited: dict[bytes, int] = {}

    def advance(self, camera: Camera) -> None:
        """Send what is finished and next in line."""
        while camera.line and camera.line[0].state is JobState.COMPLETE:
            job = camera.line[0]
            if job.replayed:
                self._state.settle(job, Fate.PUBLISHED)
            elif not self._publish(camera, job):
                return

    def acknowledged(self, peer: Peer, message: Published) -> None:
        """Take a publisher's word that it has shown and written a frame."""
        camera = self._state.cameras.get(message.camera)
        job = camera.jobs.get(message.frame_id) if camera is not None else None
        if job is None or peer.identity not in job.awaiting:
            self._state.ignored["Published"] += 1
            return
        peer.has[message.camera] -= 1
        job.acknowledged = True
        job.awaiting.discard(peer.identity)
        if not job.awaiting:
            self._published(job)

    def lost(self, peer: Peer) -> None:
        """A publisher died: what it had of lossless frames waits for its supervisor's next one."""
        place = _place_of(peer)
        self._awaited[place] = self._state.now_ns + RETURN_NS
        for job in self._with(peer.identity):
            if job.mode is Mode.LOSSLESS:
                job.awaiting.add(place)
            self._gone_from(job, peer.identity)

    def left(self, peer: Peer) -> None:
        """A publisher said goodbye: what it had is for the others."""
        for job in self._with(peer.identity):
            self._gone_from(job, peer.identity)

    def joined(self, peer: Peer) -> None:
        """Give a publisher in the place of one that died what that one had and did not do."""
        place = _place_of(peer)
        self._awaited.pop(place, None)
        for job in self._with(place):
            job.awaiting.discard(place)
            self._send(peer, job)
            if not job.awaiting:
                self._published(job)

    def expire(self) -> None:
        """Wait no longer for publishers that have not come back."""
        for place, deadline_ns in list(self._awaited.items()):
            if self._state.now_ns > deadline_ns:
                del self._awaited[place]
                for job in self._with(place):
                    self._gone_from(job, place)

    def _publish(self, camera: Camera, job: Job) -> bool:
        """Send one frame; False where it has to wait for a publisher."""
        publishers = self._state.peers.of_role(Role.PUBLISHER)
        takers = [peer for peer in publishers if self._has_room(peer, camera)]
        if camera.mode is Mode.LIVE:
            if not takers:
                self._state.drop(job, Cause.PUBLISHER_SLOW if publishers else Cause.NO_PUBLISHER)
                return True
        elif not publishers or len(takers) < len(publishers) or self._awaited:
            return False
        takers = [p for p in takers if p.sent.get(camera.name, -1) < job.frame.frame_id]
        if not takers:  # came back from one that died after all others had gone past it
            self._state.settle(job, Fate.DROPPED, Cause.PUBLISHER_LOST)
            return True
        camera.line.pop(0)
        job.state = JobState.PUBLISHING
        for peer in takers:
            self._send(peer, job)
        if not job.awaiting:
            self._published(job)
        return True

    def _send(self, peer: Peer, job: Job) -> None:
        """Send a frame to a publisher, unless it has it on disk."""
        camera, frame_id = job.frame.camera, job.frame.frame_id
        peer.sent[camera] = frame_id
        if job.mode is Mode.LOSSLESS and frame_id <= peer.recorded.get(camera, -1):
            job.acknowledged = True
            return
        job.awaiting.add(peer.identity)
        peer.has[camera] = peer.has.get(camera, 0) + 1
        self._state.send(peer.identity, job.result(self._state.now_ns))

    def _with(self, holder: bytes) -> list[Job]:
        """Give the frames that a publisher has, or that wait for one, in order."""
        cameras = self._state.cameras.values()
        jobs = [job for camera in cameras for job in camera.jobs.values()]
        held = [job for job in jobs if holder in job.awaiting]
        return sorted(held, key=lambda job: job.frame.frame_id)

    def _gone_from(self, job: Job, holder: bytes) -> None:
        """Take a frame from who will not acknowledge it."""
        job.awaiting.discard(holder)
        if job.awaiting:
            return
        if job.acknowledged:
            self._published(job)
        elif job.mode is Mode.LIVE:
            self._state.drop(job, Cause.PUBLISHER_LOST)
        else:
            self._state.camera_of(job).put_back(job)

    def _has_room(self, peer: Peer, camera: Camera) -> bool:
        return peer.has.get(camera.name, 0) < IN_HAND_LIMIT[camera.mode]

    def _published(self, job: Job) -> None:
        self._state.settle(job, Fate.FAILED if job.failed else Fate.PUBLISHED)


def _place_of(peer: Peer) -> bytes:
    """Name the place that a supervisor fills again when the publisher in it dies."""
    return b"place of " + peer.instance.encode()
