"""What the broker says of its queues and batches."""

from __future__ import annotations

import pytest

from common import wire
from common.broker.desks import classification
from common.broker.jobs import FEW_FACES, MAX_DEATHS
from common.contract import Mode, Role
from common.errors import MessageError
from common.messages import ClassifyBatch, DetectRun, PipelineStatus, QueueStatus
from tests.common.broker.world import MS, World, expressions_for, faces_for, frame


def report(world: World) -> PipelineStatus:
    return world.scheduler.report(world.now_ns)


def test_nothing_waits_in_an_empty_pipeline() -> None:
    status = report(World())
    assert status.queues == (
        QueueStatus(Role.DETECTOR, 0, 0.0),
        QueueStatus(Role.CLASSIFIER, 0, 0.0),
    )
    assert status.batches == {}


def test_a_frame_ages_until_a_detector_takes_it(world: World) -> None:
    world.publisher()
    capture = world.capture()
    world.say(capture, frame("cam", 0))
    world.pass_time(30)
    assert report(world).queues[0] == QueueStatus(Role.DETECTOR, 1, 30.0)
    world.detector()
    assert report(world).queues[0] == QueueStatus(Role.DETECTOR, 0, 0.0)


def test_frames_of_a_dead_detector_wait_again(world: World) -> None:
    world.publisher()
    capture = world.capture(mode=Mode.LOSSLESS)
    detector = world.detector(interval=4)
    world.say_frames(capture, range(4))
    world.lose(detector)
    world.pass_time(10)
    assert report(world).queues[0] == QueueStatus(Role.DETECTOR, 4, 10.0)


def test_faces_age_from_their_detection_and_batches_are_counted_by_size(world: World) -> None:
    world.publisher()
    capture, detector, classifier = world.capture(), world.detector(), world.classifier(8)
    for frame_id, faces in enumerate((1, 10)):
        world.say(capture, frame("cam", frame_id))
        run = world.expect(detector, DetectRun)
        world.say(detector, faces_for(run.work_id, run.frames[0], faces))
    world.now_ns += 20 * MS
    status = report(world)
    assert status.queues[1] == QueueStatus(Role.CLASSIFIER, 10, 20.0)
    assert status.batches == {1: 1}
    for _ in range(2):
        batch = world.expect(classifier, ClassifyBatch)
        world.say(classifier, expressions_for(batch))
    status = report(world)
    assert status.queues[1] == QueueStatus(Role.CLASSIFIER, 0, 0.0)
    assert status.batches == {1: 1, 8: 1, 2: 1}


def test_faces_of_a_lost_capture_wait_no_more(world: World) -> None:
    capture, detector, _ = world.recording()
    world.detect_frames(capture, detector, [0], faces=3)
    assert report(world).queues[1].waiting == 3
    world.lose(capture)
    assert report(world).queues[1].waiting == 0


def test_frame_with_many_faces_waits_its_turn_and_fails_where_the_memory_for_them_is_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classification, "MAX_CROP_BYTES", 100 * 48 * 48)
    capture, detector, publisher = world.recording()
    classifier = world.classifier(200)
    world.say_frames(capture, range(4))

    def detect(count: int) -> None:
        run = world.expect(detector, DetectRun)
        world.say(detector, faces_for(run.work_id, run.frames[0], count))

    detect(60)
    for _ in range(MAX_DEATHS):
        with pytest.raises(MessageError, match=r"expected few faces.*got 60 of one frame"):
            detect(60)
        world.scheduler.bad_message(detector)
        world.deliver()
    detect(FEW_FACES)
    world.classify(classifier)
    world.classify(classifier)
    detect(60)  # those before are classified, and take nothing any more
    world.classify(classifier)
    results = world.publish(publisher)
    assert [len(result.boxes) for result in results] == [60, 0, FEW_FACES, 60]
    assert [result.failed for result in results] == [False, True, False, False]


def test_late_answer_is_ignored_though_the_memory_for_its_faces_is_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classification, "MAX_CROP_BYTES", 0)
    capture, detector, _ = world.recording()
    world.say_frames(capture, [0])
    run = world.expect(detector, DetectRun)
    world.say(detector, faces_for(run.work_id + 1, run.frames[0], 100))
    world.say(detector, faces_for(run.work_id, run.frames[0], 0))


def test_what_stays_of_many_faces_does_not_keep_their_crops(world: World) -> None:
    capture, detector, _ = world.recording()
    world.classifier(200)
    world.say_frames(capture, [0])
    run = world.expect(detector, DetectRun)
    faces = faces_for(run.work_id, run.frames[0], 100)
    world.say(detector, wire.decode(wire.encode(faces)))
    (job,) = world.scheduler.state.cameras["cam"].jobs.values()
    world.scheduler.state.complete(job)
    assert job.crops is None
    assert job.boxes.base is None
    assert job.poses.base is None
