"""The images' desk: single images that somebody waits for.

An image is a frame of no camera. It is searched in full, gives way to no other, is handed out again
when its worker dies, and goes back to the publisher it came from and to no other. It is in no
camera's ledger and keeps no recording from ending; it has a ledger of its own, in which always
``taken = analyzed + failed + late + lost + in flight``.
"""

from __future__ import annotations

from collections import Counter

from common.broker.desks.classification import ClassificationDesk
from common.broker.desks.detection import DetectionDesk
from common.broker.jobs import Job, JobState
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import IMAGE_LIMIT_S, WORKER_ROLES, Mode, Outcome
from common.errors import MessageError
from common.messages import AnalyzeImage, Frame, ImageAnswer, ImageStatus

MAX_IMAGES = 32
"""Images in flight, of all publishers together; some seconds of work for one detector."""
MAX_BYTES = 256 * 1024 * 1024
"""The most bytes their JPEGs may have together."""
LIMIT_NS = int(IMAGE_LIMIT_S * 1e9)

_Key = tuple[bytes, int]


class ImageDesk:
    """Takes images in, and answers each exactly once unless its publisher is gone.

    Args:
        state: What the desks share.
        detection: The desk that gets the images.
        classification: The desk that has faces of images that may be given up.
    """

    def __init__(
        self, state: PipelineState, detection: DetectionDesk, classification: ClassificationDesk
    ) -> None:
        self._state = state
        self._detection = detection
        self._classification = classification
        self._jobs: dict[_Key, Job] = {}
        self._taken = 0
        self._outcomes: Counter[Outcome] = Counter()

    def add_image(self, peer: Peer, message: AnalyzeImage) -> None:
        """Take an image in, or refuse it at once; one that is here already was sent twice.

        Raises:
            MessageError: There is no picture in it.
        """
        if not message.picture or min(message.height, message.width) < 1:
            size = f"{message.width}x{message.height}"
            raise MessageError(f"expected a picture, got {len(message.picture)} bytes of {size}")
        key = peer.identity, message.request_id
        if key in self._jobs:
            return
        job = Job(_frame(message), Mode.IMAGE, self._state.now_ns)
        refusal = self._refusal()
        if refusal is not None:
            self._outcomes[Outcome.REFUSED] += 1
            self._answer(key, job, Outcome.REFUSED, refusal)
            return
        self._jobs[key] = job
        self._taken += 1
        self._detection.add_image(job)

    def advance(self) -> None:
        """Answer what is finished."""
        for key, job in list(self._jobs.items()):
            if job.state is JobState.COMPLETE and job.failed:
                self._end(key, Outcome.FAILED, "no worker that tried it survived it")
            elif job.state is JobState.COMPLETE:
                self._end(key, Outcome.ANALYZED)

    def expire(self) -> None:
        """Give up what nobody waits for any longer."""
        for key, job in list(self._jobs.items()):
            if self._state.now_ns - job.received_ns > LIMIT_NS:
                where = job.state.value
                self._end(key, Outcome.LATE, f"not done after {IMAGE_LIMIT_S:.0f} s: {where}")

    def withdraw_images_of(self, peer: Peer) -> None:
        """Give up the images of a publisher that is gone: nobody waits for them."""
        for key in [key for key in self._jobs if key[0] == peer.identity]:
            self._withdraw(key, Outcome.LOST)

    def status(self) -> ImageStatus:
        """Return the ledger as it stands."""
        ends = {outcome.value: self._outcomes[outcome] for outcome in Outcome}
        return ImageStatus(taken=self._taken, in_flight=len(self._jobs), **ends)

    def _refusal(self) -> str | None:
        """Return why no image can be taken now, None where one can."""
        for role in WORKER_ROLES:
            if not self._state.peers.of_role(role):
                return f"no {role} is running: start one with `python -m {role}`"
        held_bytes = sum(len(job.frame.picture) for job in self._jobs.values())
        if held_bytes > MAX_BYTES:
            return f"{held_bytes >> 20} MiB of images are being analyzed and no more are taken"
        if len(self._jobs) >= MAX_IMAGES:
            return f"{len(self._jobs)} images are being analyzed and no more are taken"
        return None

    def _end(self, key: _Key, outcome: Outcome, reason: str = "") -> None:
        self._answer(key, self._withdraw(key, outcome), outcome, reason)

    def _withdraw(self, key: _Key, outcome: Outcome) -> Job:
        """Count what became of an image; what a worker still says of it is ignored."""
        job = self._jobs.pop(key)
        self._outcomes[outcome] += 1
        job.state = JobState.ENDED
        self._detection.withdraw_ended()
        self._classification.withdraw_ended()
        return job

    def _answer(self, key: _Key, job: Job, outcome: Outcome, reason: str) -> None:
        identity, request_id = key
        faces = slice(None if outcome is Outcome.ANALYZED else 0)
        answer = ImageAnswer(
            request_id,
            outcome,
            reason,
            job.boxes[faces],
            job.probabilities[faces],
            job.poses[faces],
            job.turned_away[faces],
        )
        self._state.send(identity, answer)


def _frame(message: AnalyzeImage) -> Frame:
    """Return the frame that a detector is handed."""
    return Frame(
        camera="",
        frame_id=message.request_id,
        pts_s=0.0,
        captured_at_ns=0,
        captured_mono_ns=0,
        height=message.height,
        width=message.width,
        ring="",
        slot=0,
        picture=message.picture,
        cut=True,
    )
