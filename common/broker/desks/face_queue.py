"""The faces that wait for a classifier, in two lanes that take turns."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator

from common.broker.jobs import Job, JobState
from common.contract import Mode

QueuedFace = tuple[Job, int]
"""A frame and the index of the face in it."""

_Lane = OrderedDict[Job, deque[int]]
"""The frames whose faces wait, in order, and of each the indices of those; none waits in vain."""


class FaceQueue:
    """Faces of cameras in one lane, those of single images in the other, each in order.

    A batch takes from both lanes alternately, so that neither a group photograph with a hundred
    faces nor a camera before a crowd keeps the other waiting.
    """

    def __init__(self) -> None:
        self._cameras: _Lane = OrderedDict()
        self._images: _Lane = OrderedDict()
        self._turns = deque((self._cameras, self._images))

    def __bool__(self) -> bool:
        return bool(self._cameras or self._images)

    def __iter__(self) -> Iterator[QueuedFace]:
        for lane in (self._cameras, self._images):
            for job, indices in lane.items():
                for index in indices:
                    yield job, index

    def frames(self) -> list[Job]:
        """Return the frames and images of which faces wait."""
        return [*self._cameras, *self._images]

    def add_faces(self, job: Job) -> None:
        """Queue the faces of a frame that have no probabilities yet."""
        if job.unknown:
            self._lane_of(job)[job] = deque(sorted(job.unknown))

    def put_back(self, faces: list[QueuedFace]) -> None:
        """Queue faces that were taken before, in front of all others."""
        for job, index in reversed(faces):
            lane = self._lane_of(job)
            lane.setdefault(job, deque()).appendleft(index)
            lane.move_to_end(job, last=False)

    def withdraw(self, job: Job) -> None:
        """Let go of the faces of a frame."""
        self._lane_of(job).pop(job, None)

    def withdraw_ended(self) -> None:
        """Let go of the faces of frames that have gone on, or come to their end, without them."""
        for job in self.frames():
            if job.state is not JobState.CLASSIFYING:
                self.withdraw(job)

    def take_batch(self, capacity: int) -> list[QueuedFace]:
        """Take faces off the queue; those of a frame that were in a lost batch go alone.

        So a face that kills workers takes no other frame's faces down with it a second time.
        """
        self._turns.rotate()
        first = next(lane for lane in self._turns if lane)
        if _is_suspected(first):
            return _take_alone(first, capacity)
        faces: list[QueuedFace] = []
        while len(faces) < capacity:
            able = [lane for lane in self._turns if lane and not _is_suspected(lane)]
            if not able:
                break
            faces += [_take_face(lane) for lane in able[: capacity - len(faces)]]
        return faces

    def _lane_of(self, job: Job) -> _Lane:
        return self._images if job.mode is Mode.IMAGE else self._cameras


def _is_suspected(lane: _Lane) -> bool:
    """Return whether the first face of a lane was in a lost batch."""
    job = next(iter(lane))
    return job.face_deaths[lane[job][0]] > 0


def _take_face(lane: _Lane) -> QueuedFace:
    job = next(iter(lane))
    index = lane[job].popleft()
    if not lane[job]:
        del lane[job]
    return job, index


def _take_alone(lane: _Lane, capacity: int) -> list[QueuedFace]:
    """Take the first faces, all of one frame and all suspected."""
    faces = [_take_face(lane)]
    job = faces[0][0]
    while job in lane and len(faces) < capacity and _is_suspected(lane):
        faces.append(_take_face(lane))
    return faces
