"""The faces that wait for a classifier, in two lanes that take turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from common.broker.jobs import Job, JobState
from common.contract import Mode

QueuedFace = tuple[Job, int]
"""A frame and the index of the face in it."""


class FaceQueue:
    """Faces of cameras in one lane, those of single images in the other, each in order.

    A batch takes from both lanes alternately, so that neither a group photograph with a hundred
    faces nor a camera before a crowd keeps the other waiting.
    """

    def __init__(self) -> None:
        self._cameras: deque[QueuedFace] = deque()
        self._images: deque[QueuedFace] = deque()
        self._turns = deque((self._cameras, self._images))

    def __len__(self) -> int:
        return len(self._cameras) + len(self._images)

    def __iter__(self) -> Iterator[QueuedFace]:
        yield from self._cameras
        yield from self._images

    def add_faces(self, faces: Iterable[QueuedFace]) -> None:
        """Queue faces."""
        for face in faces:
            self._lane_of(face).append(face)

    def put_back(self, faces: list[QueuedFace]) -> None:
        """Queue faces that were taken before, in front of all others."""
        for face in reversed(faces):
            self._lane_of(face).appendleft(face)

    def withdraw_ended(self) -> None:
        """Let go of the faces of frames that have gone on, or come to their end, without them."""
        for lane in self._turns:
            kept = [face for face in lane if face[0].state is JobState.CLASSIFYING]
            lane.clear()
            lane.extend(kept)

    def take_batch(self, capacity: int) -> list[QueuedFace]:
        """Take faces off the queue; those of a frame that were in a lost batch go alone.

        So a face that kills workers takes no other frame's faces down with it a second time.
        """
        self._turns.rotate()
        first = next(lane for lane in self._turns if lane)
        if _is_suspected(first[0]):
            return _take_alone(first, capacity)
        faces: list[QueuedFace] = []
        while len(faces) < capacity:
            able = [lane for lane in self._turns if lane and not _is_suspected(lane[0])]
            if not able:
                break
            faces += [lane.popleft() for lane in able[: capacity - len(faces)]]
        return faces

    def _lane_of(self, face: QueuedFace) -> deque[QueuedFace]:
        return self._images if face[0].mode is Mode.IMAGE else self._cameras


def _is_suspected(face: QueuedFace) -> bool:
    job, index = face
    return job.face_deaths[index] > 0


def _take_alone(lane: deque[QueuedFace], capacity: int) -> list[QueuedFace]:
    faces = [lane.popleft()]
    job = faces[0][0]
    while lane and len(faces) < capacity and lane[0][0] is job and _is_suspected(lane[0]):
        faces.append(lane.popleft())
    return faces
