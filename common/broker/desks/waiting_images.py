"""Single images that wait for a detector."""

from __future__ import annotations

from collections import deque

from common.broker.jobs import Job, JobState
from common.broker.state import PipelineState

MAX_REST_NS = 1_000_000_000
"""Images pause for the cameras no longer than this."""


class WaitingImages:
    """Images in the order in which they came. All together have one turn, as a camera has one.

    A large photograph takes as long as ten frames, so while there are cameras, images pause after
    each for as long as it took: cameras keep half of the time.

    Args:
        state: What the desks share.

    Attributes:
        jobs: Those that wait.
    """

    def __init__(self, state: PipelineState) -> None:
        self._state = state
        self.jobs: deque[Job] = deque()
        self._rest_until_ns = 0

    def add(self, job: Job) -> None:
        """Let an image wait."""
        self.jobs.append(job)

    def note_end(self, job: Job) -> None:
        """Pause after an image that has been detected."""
        took_ns = self._state.now_ns - job.detecting_ns
        self._rest_until_ns = self._state.now_ns + min(took_ns, MAX_REST_NS)

    def has_turn(self) -> bool:
        """Return whether there is an image to be detected now."""
        return bool(self.jobs) and not self._rest()

    def take(self) -> list[Job]:
        """Take the next image, if there is one to be detected now."""
        return [self.jobs.popleft()] if self.has_turn() else []

    def withdraw_ended(self) -> None:
        """Let no image wait that has come to its end."""
        self.jobs = deque(job for job in self.jobs if job.state is JobState.WAITING)

    def since_ns(self) -> list[int]:
        """Return since when each waits."""
        return [job.received_ns for job in self.jobs]

    def _rest(self) -> bool:
        """Return whether images pause for the cameras that there are."""
        busy = any(c.online and not c.ended for c in self._state.cameras.values())
        return busy and self._state.now_ns < self._rest_until_ns
