"""What the broker says of its queues and batches."""

from __future__ import annotations

from common.contract import Mode, Role
from common.messages import ClassifyBatch, DetectRun, PipelineStatus, QueueStatus
from tests.common.broker.world import MS, World, expressions_for, faces_for, frame


def report(world: World) -> PipelineStatus:
    return world.scheduler.report(world.now_ns, 0)


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
