"""The publishers' desk: finished frames out, in the order of their camera."""

from __future__ import annotations

from common.broker.cameras import Camera
from common.broker.desks.images import ImageDesk
from common.broker.jobs import Job, JobState
from common.broker.peers import RETURN_NS, Peer
from common.broker.state import PipelineState
from common.contract import Cause, Fate, Mode, Role
from common.messages import AnalyzeImage, Message, Published

IN_HAND_LIMIT = {Mode.LIVE: 3, Mode.LOSSLESS: 16}
"""Frames of one camera that a publisher may hold unacknowledged; live, more would be stale."""


class PublisherDesk:
    """Sends each finished frame to every publisher and counts it when all have acknowledged.

    Lossless frames that a publisher had when it died wait in its place for the one that its
    supervisor starts there.

    Args:
        state: What the desks share.
        images: The desk that gets the images that publishers send.
    """

    def __init__(self, state: PipelineState, images: ImageDesk) -> None:
        self._state = state
        self._images = images
        self._deadlines_ns: dict[bytes, int] = {}  # by the place that is empty

    def handle(self, peer: Peer, message: Message) -> None:
        """Take what a publisher says.

        Raises:
            MessageError: It sends an image without a picture.
        """
        match message:
            case Published():
                self._take_acknowledgement(peer, message)
            case AnalyzeImage():
                self._images.add_image(peer, message)
            case _:
                self._state.ignore(message)

    def peer_joined(self, peer: Peer) -> None:
        """Send a publisher in the place of one that died what that one had and did not do."""
        place = _place_of(peer)
        self._deadlines_ns.pop(place, None)
        for job in self._held_by(place):
            self._send(peer, job)
            self._stop_awaiting(job, place)
        self._state.advance_all()

    def peer_died(self, peer: Peer) -> None:
        """Keep the lossless frames a publisher had for its supervisor's next one."""
        place = _place_of(peer)
        self._deadlines_ns[place] = self._state.now_ns + RETURN_NS
        for job in self._held_by(peer.identity):
            if job.mode is Mode.LOSSLESS:
                job.awaiting.add(place)
            self._stop_awaiting(job, peer.identity)
        self._images.withdraw_images_of(peer)

    def peer_left(self, peer: Peer) -> None:
        """Leave what a publisher had to the others."""
        for job in self._held_by(peer.identity):
            self._stop_awaiting(job, peer.identity)
        self._images.withdraw_images_of(peer)
        self._state.advance_all()

    def expire(self) -> None:
        """Wait no longer for publishers that have not come back."""
        for place, deadline_ns in list(self._deadlines_ns.items()):
            if self._state.now_ns > deadline_ns:
                del self._deadlines_ns[place]
                for job in self._held_by(place):
                    self._stop_awaiting(job, place)
                self._state.advance_all()

    def advance(self) -> None:
        """Send, of each camera whose line may go on, what is complete and next in it."""
        while self._state.to_advance:
            name, _ = self._state.to_advance.popitem()
            camera = self._state.cameras.get(name)  # none is that of images, or one forgotten
            if camera is not None:
                self._advance_line(camera)

    def _take_acknowledgement(self, peer: Peer, message: Published) -> None:
        """Take a publisher's word that it has shown and written a frame."""
        camera = self._state.cameras.get(message.camera)
        job = camera.jobs.get(message.frame_id) if camera is not None else None
        if job is None or peer.identity not in job.awaiting:
            self._state.ignore(message)
            return
        peer.has[message.camera] -= 1
        peer.answered += 1
        self._state.to_advance[message.camera] = None
        job.acknowledged = True
        self._stop_awaiting(job, peer.identity)

    def _advance_line(self, camera: Camera) -> None:
        while camera.line and camera.line[0].state is JobState.COMPLETE:
            job = camera.line[0]
            if job.replayed:
                self._state.end_frame(job, Fate.PUBLISHED)
            elif not self._publish(camera, job):
                break

    def _publish(self, camera: Camera, job: Job) -> bool:
        """Send one frame; return False where it has to wait for a publisher."""
        publishers = self._state.peers.of_role(Role.PUBLISHER)
        limit = IN_HAND_LIMIT[camera.mode]
        takers = [peer for peer in publishers if peer.has.get(camera.name, 0) < limit]
        if camera.mode is Mode.LIVE:
            if not takers:
                self._state.drop(job, Cause.PUBLISHER_SLOW if publishers else Cause.NO_PUBLISHER)
                return True
        elif not publishers or len(takers) < len(publishers) or self._deadlines_ns:
            return False
        takers = [p for p in takers if p.sent.get(camera.name, -1) < job.frame.frame_id]
        if not takers:  # came back from one that died after all others had gone past it
            self._state.end_frame(job, Fate.DROPPED, Cause.PUBLISHER_LOST)
            return True
        camera.line.pop(0)
        job.state = JobState.PUBLISHING
        for peer in takers:
            self._send(peer, job)
        self._end_if_all_have(job)
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

    def _held_by(self, holder: bytes) -> list[Job]:
        """Return the frames that a publisher has, or that wait in a place, in order."""
        cameras = self._state.cameras.values()
        jobs = [job for camera in cameras for job in camera.jobs.values()]
        held = [job for job in jobs if holder in job.awaiting]
        return sorted(held, key=lambda job: job.frame.frame_id)

    def _stop_awaiting(self, job: Job, holder: bytes) -> None:
        """Go on without a publisher, or a place, that a frame was with."""
        job.awaiting.discard(holder)
        self._end_if_all_have(job)

    def _end_if_all_have(self, job: Job) -> None:
        """End a frame that no publisher has any more, or put it back if none acknowledged it."""
        if job.awaiting:
            return
        if job.acknowledged:
            self._state.end_frame(job, job.fate, job.cause)
        elif job.mode is Mode.LIVE:
            self._state.drop(job, Cause.PUBLISHER_LOST)
        else:
            self._state.cameras[job.frame.camera].put_back(job)


def _place_of(peer: Peer) -> bytes:
    """Return the place that a supervisor fills again when the publisher in it dies."""
    return b"place of " + peer.instance.encode()
