"""Single images: a turn among cameras, one answer each, and a ledger of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from common.broker.desks.images import MAX_IMAGES
from common.contract import Mode, Outcome
from common.errors import MessageError
from common.messages import (
    AnalyzeImage,
    Bye,
    ClassifyBatch,
    DetectRun,
    Finish,
    ImageAnswer,
    ImageStatus,
    Result,
    Status,
)
from tests.common.broker.world import World, expressions_for, faces_for, frame


def image(request_id: int) -> AnalyzeImage:
    return AnalyzeImage(request_id, 480, 640, b"jpeg")


def say_images(world: World, publisher: bytes, numbers: Iterable[int]) -> None:
    for number in numbers:
        world.say(publisher, image(number))


def ledger(world: World) -> ImageStatus:
    return world.scheduler.report(world.now_ns).images


def outcomes(world: World, publisher: bytes) -> dict[int, str]:
    answers = world.take_all(publisher, ImageAnswer)
    assert len({answer.request_id for answer in answers}) == len(answers)
    return {answer.request_id: answer.outcome for answer in answers}


def test_image_takes_the_way_of_a_frame_and_goes_back_to_who_sent_it(world: World) -> None:
    detector, classifier = world.detector(), world.classifier()
    one, other = world.publisher(), world.publisher()
    world.say(one, image(7))
    run = world.detect(detector, faces=3)
    assert run is not None
    assert run.mode is Mode.IMAGE
    world.classify(classifier)
    answer = world.expect(one, ImageAnswer)
    assert (answer.request_id, answer.outcome) == (7, Outcome.ANALYZED)
    assert answer.boxes.shape == (3, 4)
    assert answer.probabilities[:, 0].tolist() == [7, 7, 7]
    assert world.take(other, ImageAnswer) is None
    assert ledger(world) == ImageStatus(taken=1, analyzed=1)


def test_two_publishers_may_use_the_same_numbers(world: World) -> None:
    detector, classifier = world.detector(), world.classifier()
    publishers = [world.publisher(), world.publisher()]
    for publisher in publishers:
        world.say(publisher, image(1))
    world.drain([detector, classifier], [])
    assert [outcomes(world, p) for p in publishers] == [{1: Outcome.ANALYZED}] * 2


def test_image_is_in_no_cameras_ledger_and_no_result(world: World) -> None:
    capture, detector, classifier, publisher = world.stages()
    world.say(publisher, image(0))
    world.detect_frames(capture, detector, [0], faces=1)
    world.detect(detector)
    world.classify(classifier)
    world.classify(classifier)
    status = world.scheduler.report(world.now_ns)
    assert [camera.camera for camera in status.cameras] == ["cam"]
    assert status.cameras[0].captured == 1
    results = [m for m in world.inbox[publisher] if isinstance(m, Result)]
    assert [result.frame.camera for result in results] == ["cam"]
    assert world.releases(capture) == []


@pytest.mark.parametrize("cameras", [1, 3])
def test_burst_of_images_and_fast_cameras_take_turns(world: World, cameras: int) -> None:
    captures = {f"cam{number}": world.capture(f"cam{number}") for number in range(cameras)}
    detector, publisher, _ = world.detector(), world.publisher(), world.classifier()
    say_images(world, publisher, range(30))
    worked = []
    for round_number in range(10 * (cameras + 1)):
        for name, capture in captures.items():
            world.say(capture, frame(name, round_number))
        run = world.detect(detector, faces=0)
        assert run is not None
        worked.append(run.frames[0].camera)
    for turn in (*captures, ""):
        assert worked.count(turn) in (9, 10, 11), worked


def test_large_images_leave_cameras_half_of_the_time(world: World) -> None:
    """An image takes 300 ms, a frame 30 ms, and a frame comes every 40 ms."""
    capture, detector = world.capture(), world.detector()
    publisher, _ = world.publisher(), world.classifier()
    say_images(world, publisher, range(10))
    spent_ms = Counter[str]()
    for number in range(400):
        world.say(capture, frame("cam", number))
        world.pass_time(40)
        run = world.take(detector, DetectRun)
        if run is not None:
            took_ms = 260 if run.mode is Mode.IMAGE else 0
            spent_ms[run.mode] += 40 + took_ms
            world.pass_time(took_ms)
            world.say(detector, faces_for(run.work_id, run.frames[0], 0))
        for peer in (capture, publisher):
            world.say(peer, Status(0, 0.0, 0))
        world.publish(publisher)
        if not ledger(world).in_flight:
            break
    assert spent_ms[Mode.IMAGE] == 10 * 300
    assert spent_ms[Mode.LIVE] == pytest.approx(3000, rel=0.25)


def test_images_do_not_pause_where_there_is_no_camera(world: World) -> None:
    detector, publisher, _ = world.detector(), world.publisher(), world.classifier()
    say_images(world, publisher, range(3))
    for _ in range(3):
        world.pass_time(300)
        assert world.detect(detector, faces=0) is not None


def test_lossless_run_stays_whole_between_images(world: World) -> None:
    world.classifier()
    capture, detector, publisher = world.recording(interval=4)
    for number in range(8):
        world.say(publisher, image(number))
        world.say(capture, frame("cam", number))
    runs = [world.detect(detector, faces=0) for _ in range(6)]
    frames = [[f.frame_id for f in run.frames] for run in runs if run and run.mode is Mode.LOSSLESS]
    assert frames == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_faces_of_a_group_photograph_and_of_a_camera_share_batches(world: World) -> None:
    capture, detector, publisher = world.capture(), world.detector(), world.publisher()
    classifier = world.classifier(batch=4)
    world.say(publisher, image(200))
    world.detect(detector, faces=20)  # the first four are with the classifier now
    world.detect_frames(capture, detector, [7], faces=6)
    world.classify(classifier)
    batches = [world.classify(classifier) for _ in range(3)]
    shares = [sorted(batch.crops[:, 0, 0].tolist()) for batch in batches if batch]
    assert shares == [[7, 7, 200, 200]] * 3
    world.drain([classifier], [])
    assert outcomes(world, publisher) == {200: Outcome.ANALYZED}


def test_image_of_a_killed_detector_is_handed_out_again(world: World) -> None:
    publisher, classifier, first = world.publisher(), world.classifier(), world.detector()
    world.say(publisher, image(1))
    second = world.detector()
    world.lose(first)
    world.detect(second)
    world.classify(classifier)
    assert outcomes(world, publisher) == {1: Outcome.ANALYZED}


def test_image_that_kills_every_detector_comes_back_failed(world: World) -> None:
    publisher, _ = world.publisher(), world.classifier()
    detector = world.detector()
    world.say(publisher, image(1))
    for _ in range(2):
        world.lose(detector)
        detector = world.detector()
    assert outcomes(world, publisher) == {}
    world.lose(detector)
    assert outcomes(world, publisher) == {1: Outcome.FAILED}
    assert ledger(world) == ImageStatus(taken=1, failed=1)
    assert world.take(world.detector(), DetectRun) is None


def test_faces_of_a_killed_classifier_wait_for_the_next(world: World) -> None:
    publisher, detector, classifier = world.publisher(), world.detector(), world.classifier()
    world.say(publisher, image(1))
    world.detect(detector, faces=2)
    world.lose(classifier)
    world.let_everybody_wait(5)
    assert outcomes(world, publisher) == {}
    world.classify(world.classifier())
    assert outcomes(world, publisher) == {1: Outcome.ANALYZED}


def test_face_that_kills_every_classifier_takes_no_camera_with_it(world: World) -> None:
    capture, detector, publisher = world.capture(), world.detector(), world.publisher()
    busy = world.classifier()
    world.say(publisher, image(1))
    world.detect(detector)  # keeps the first classifier busy
    world.say(publisher, image(200))
    world.detect_frames(capture, detector, [7], faces=1)
    world.detect(detector)
    deaths = 0
    while not ledger(world).failed:
        classifier = world.classifier()
        while (batch := world.take(classifier, ClassifyBatch)) is not None:
            if 200 in batch.crops[:, 0, 0]:
                world.lose(classifier)
                deaths += 1
                break
            world.say(classifier, expressions_for(batch))
    assert deaths == 3
    world.classify(busy)
    answers = world.inbox[publisher]
    assert {m.request_id: m.outcome for m in answers if isinstance(m, ImageAnswer)} == {
        1: Outcome.ANALYZED,
        200: Outcome.FAILED,
    }
    assert [result.reused for result in world.publish(publisher)] == [(False,)]


@pytest.mark.parametrize("missing", ["detector", "classifier"])
def test_without_workers_of_a_kind_an_image_is_refused_at_once(world: World, missing: str) -> None:
    publisher = world.publisher()
    world.detector() if missing == "classifier" else world.classifier()
    world.say(publisher, image(1))
    answer = world.expect(publisher, ImageAnswer)
    assert answer.outcome is Outcome.REFUSED
    assert f"python -m {missing}" in answer.reason
    assert ledger(world) == ImageStatus(refused=1)


def test_no_more_images_are_taken_than_the_limit(world: World) -> None:
    publisher, detector, classifier = world.publisher(), world.detector(), world.classifier()
    say_images(world, publisher, range(MAX_IMAGES + 3))
    answers = outcomes(world, publisher)
    assert answers == dict.fromkeys(range(MAX_IMAGES, MAX_IMAGES + 3), Outcome.REFUSED)
    world.drain([detector, classifier], [])
    assert outcomes(world, publisher) == dict.fromkeys(range(MAX_IMAGES), Outcome.ANALYZED)
    assert ledger(world) == ImageStatus(taken=MAX_IMAGES, analyzed=MAX_IMAGES, refused=3)


def test_image_that_no_detector_answers_is_late_and_what_comes_then_is_ignored(
    world: World,
) -> None:
    publisher, detector, _ = world.publisher(), world.detector(), world.classifier()
    world.say(publisher, image(1))  # in hand
    world.say(publisher, image(2))  # waits
    run = world.expect(detector, DetectRun)
    world.let_everybody_wait(10)
    assert outcomes(world, publisher) == {}
    world.pass_time(1)
    assert outcomes(world, publisher) == {1: Outcome.LATE, 2: Outcome.LATE}
    assert world.scheduler.report(world.now_ns).queues[0].waiting == 0
    world.say(detector, faces_for(run.work_id, run.frames[0]))
    assert world.take(detector, DetectRun) is None
    world.say(publisher, image(3))
    world.expect(detector, DetectRun)
    assert ledger(world) == ImageStatus(taken=3, late=2, in_flight=1)


def test_faces_of_a_late_image_are_classified_no_more(world: World) -> None:
    publisher, detector, classifier = world.publisher(), world.detector(), world.classifier(2)
    world.say(publisher, image(1))
    world.detect(detector, faces=5)
    world.let_everybody_wait(10)
    world.pass_time(1)
    assert outcomes(world, publisher) == {1: Outcome.LATE}
    world.classify(classifier)
    assert world.take(classifier, ClassifyBatch) is None


@pytest.mark.parametrize("leaves", [True, False])
def test_images_of_a_publisher_that_is_gone_are_given_up(world: World, leaves: bool) -> None:
    publisher, detector, _ = world.publisher(), world.detector(), world.classifier()
    say_images(world, publisher, [1, 2])
    if leaves:
        world.say(publisher, Bye())
    else:
        world.lose(publisher)
    world.detect(detector)
    assert world.take(detector, DetectRun) is None
    assert outcomes(world, publisher) == {}
    assert ledger(world) == ImageStatus(taken=2, lost=2)


def test_image_that_is_sent_twice_is_done_once(world: World) -> None:
    publisher, detector, _ = world.publisher(), world.detector(), world.classifier()
    say_images(world, publisher, [1, 1])
    world.detect(detector, faces=0)
    assert world.take(detector, DetectRun) is None
    assert outcomes(world, publisher) == {1: Outcome.ANALYZED}


def test_image_without_pixels_is_a_bad_message(world: World) -> None:
    publisher = world.publisher()
    for bad in (AnalyzeImage(1, 480, 640, b""), AnalyzeImage(1, 0, 640, b"jpeg")):
        with pytest.raises(MessageError, match="expected a picture"):
            world.say(publisher, bad)


def test_only_publishers_send_images(world: World) -> None:
    detector, _ = world.detector(), world.classifier()
    world.say(detector, image(1))
    assert ledger(world) == ImageStatus()


def test_image_in_flight_keeps_no_recording_from_ending(world: World) -> None:
    (capture, detector, publisher), classifier = world.recording(), world.classifier()
    world.say(capture, frame("cam", 0))
    world.end(capture)
    world.drain([detector, classifier], [publisher])
    world.say(publisher, image(1))
    world.pass_time(1)
    world.expect(publisher, Finish)
