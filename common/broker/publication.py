"""The publication desk: finished frames to the publishers, in the order of their camera."""

from __future__ import annotations

from common.broker.cameras import NO_PUBLISHER, PUBLISHER_LOST, PUBLISHER_SLOW, Camera
from common.broker.jobs import Job, JobState
from common.broker.peers import PUBLISHER, Peer
from common.broker.state import PipelineState
from common.messages import FATE_FAILED, FATE_PUBLISHED, LIVE, LOSSLESS, Published

IN_HAND_LIMIT = {LIVE: 3, LOSSLESS: 16}
"""Frames of one camera that a publisher may hold unacknowledged; live, more would be stale."""


class PublicationDesk:
    """Sends each finished frame to every publisher and counts it when all have acknowledged.

    Args:
        state: What the desks share.
    """

    def __init__(self, state: PipelineState) -> None:
        self._state = state

    def advance(self, camera: Camera) -> None:
        """Send what is finished and next in line."""
        while camera.line and camera.line[0].state is JobState.COMPLETE:
            if not self._publish(camera, camera.line[0]):
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
        """A publisher is gone: count its frames if another had them too, else send them again."""
        for camera in self._state.cameras.values():
            for job in list(camera.jobs.values()):
                if peer.identity not in job.awaiting:
                    continue
                job.awaiting.discard(peer.identity)
                if job.awaiting:
                    continue
                if job.acknowledged:
                    self._published(job)
                elif job.mode == LIVE:
                    self._state.drop(job, PUBLISHER_LOST)
                else:
                    camera.put_back(job)

    def _publish(self, camera: Camera, job: Job) -> bool:
        """Send one frame; False where it has to wait for a publisher."""
        publishers = self._state.peers.of_role(PUBLISHER)
        free = [peer for peer in publishers if self._has_room(peer, camera)]
        if camera.mode == LIVE:
            if not free:
                self._state.drop(job, PUBLISHER_SLOW if publishers else NO_PUBLISHER)
                return True
        elif not publishers or len(free) < len(publishers):
            return False
        camera.line.pop(0)
        job.state = JobState.PUBLISHING
        for peer in free:
            if camera.mode == LOSSLESS and job.frame.frame_id <= peer.recorded.get(camera.name, -1):
                job.acknowledged = True
                continue
            job.awaiting.add(peer.identity)
            peer.has[camera.name] = peer.has.get(camera.name, 0) + 1
            self._state.send(peer.identity, job.result(self._state.now_ns))
        if not job.awaiting:
            self._published(job)
        return True

    def _has_room(self, peer: Peer, camera: Camera) -> bool:
        return peer.has.get(camera.name, 0) < IN_HAND_LIMIT[camera.mode]

    def _published(self, job: Job) -> None:
        self._state.settle(job, FATE_FAILED if job.failed else FATE_PUBLISHED)
