from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from common.broker.desks.face_queue import FaceQueue
from common.broker.jobs import Job, JobState
from common.contract import Mode
from tests.common.broker.world import frame


def queued(cameras: int, images: int) -> tuple[FaceQueue, Job, Job]:
    queue = FaceQueue()
    camera, image = (
        Job(frame("cam", 0), mode, 0, state=JobState.CLASSIFYING, unknown=set(range(faces)))
        for mode, faces in ((Mode.LIVE, cameras), (Mode.IMAGE, images))
    )
    queue.add_faces(camera)
    queue.add_faces(image)
    return queue, camera, image


@settings(derandomize=True)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 9))
def test_every_face_is_taken_once_and_in_its_lanes_order(
    cameras: int, images: int, capacity: int
) -> None:
    queue, camera, image = queued(cameras, images)
    taken = []
    while queue:
        batch = queue.take_batch(capacity)
        assert 1 <= len(batch) <= capacity
        assert len(batch) == capacity or not queue
        taken += batch
    assert [index for of, index in taken if of is camera] == list(range(cameras))
    assert [index for of, index in taken if of is image] == list(range(images))


@settings(derandomize=True)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9))
def test_no_lane_gets_more_than_one_face_ahead_as_long_as_both_wait(
    cameras: int, images: int, capacity: int
) -> None:
    queue, camera, image = queued(cameras, images)
    balance = 0
    left = {id(camera): cameras, id(image): images}
    while all(left.values()):
        for of, _ in queue.take_batch(capacity):
            if all(left.values()):
                balance += 1 if of is camera else -1
            left[id(of)] -= 1
        assert abs(balance) <= 1


def test_faces_of_a_lost_batch_are_first_again_and_alone() -> None:
    queue, camera, image = queued(2, 2)
    lost = queue.take_batch(3)
    for of, index in lost:
        of.face_deaths[index] += 1
    queue.put_back(lost)
    batches = []
    while queue:
        batches.append(queue.take_batch(9))
    for batch in batches:
        suspected = [of for of, index in batch if of.face_deaths[index]]
        assert len(set(suspected)) <= 1
        assert suspected == [] or len(suspected) == len(batch)
    assert sorted(index for batch in batches for of, index in batch if of is camera) == [0, 1]
    assert sorted(index for batch in batches for of, index in batch if of is image) == [0, 1]


def test_faces_of_an_image_that_has_ended_are_withdrawn() -> None:
    queue, camera, image = queued(3, 3)
    image.state = JobState.ENDED
    queue.withdraw_ended()
    assert list(queue) == [(camera, 0), (camera, 1), (camera, 2)]
