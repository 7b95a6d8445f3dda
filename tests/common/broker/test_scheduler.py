import numpy as np
import pytest
from msgspec.structs import replace

from common.broker.admission import MAX_CAMERAS, MAX_NAME_LENGTH
from common.contract import CAMERA_MODES, Cause, Fate, Mode, Role
from common.messages import (
    Bye,
    CameraHello,
    CameraState,
    ClassifyBatch,
    DetectRun,
    Finish,
    FrameSkipped,
    Published,
    PublisherHello,
    Refused,
    Release,
    Restarts,
    Result,
    Status,
    Welcome,
    WhoAreYou,
    WorkerHello,
    WorkFailed,
)
from tests.common.broker.world import World, assert_ledger, expressions_for, faces_for, frame, ids


def test_frame_goes_through_all_stages_and_its_slot_comes_back(world: World) -> None:
    capture, detector, classifier, publisher = world.stages()
    world.detect_frames(capture, detector, [0], faces=2)
    world.classify(classifier)
    (result,) = world.publish(publisher)
    assert result.boxes.shape == (2, 4)
    assert result.reused == (False, False)
    assert world.releases(capture) == [Release("cam", 0, Fate.PUBLISHED)]
    assert world.status().published == 1


def test_newest_waiting_live_frame_wins_and_the_older_are_counted(world: World) -> None:
    capture, _ = world.capture(), world.publisher()
    world.say_frames(capture, range(5))
    detector = world.detector()
    assert ids(world.expect(detector, DetectRun).frames) == [4]
    assert world.status().dropped == {"superseded": 4}
    assert ids(world.releases(capture)) == [0, 1, 2, 3]


def test_live_frame_that_no_detector_takes_is_dropped_when_too_old(world: World) -> None:
    capture = world.capture()
    world.say(capture, frame("cam", 0))
    world.pass_time(501)
    assert world.status().dropped == {"too_old": 1}


def test_live_frame_is_not_detected_when_it_is_answered_too_late(world: World) -> None:
    capture, detector, publisher = world.capture(), world.detector(), world.publisher()
    world.say(capture, frame("cam", 0))
    run = world.expect(detector, DetectRun)
    world.pass_time(600)
    assert ids(world.releases(capture)) == [0]
    world.say(detector, faces_for(run.work_id, run.frames[0]))
    assert world.publish(publisher) == []
    assert world.status().dropped == {"too_old": 1}
    world.say(capture, frame("cam", 1))
    world.expect(detector, DetectRun)


def test_without_any_classifier_live_video_goes_on_with_reused_labels(world: World) -> None:
    capture, detector, publisher = world.capture(), world.detector(), world.publisher()
    world.detect_frames(capture, detector, [0], faces=1)
    (result,) = world.publish(publisher)
    assert result.reused == (True,)


def test_slow_classifier_lets_the_frame_go_on_after_half_the_age_limit(world: World) -> None:
    capture, detector, classifier, publisher = world.stages()
    world.detect_frames(capture, detector, [0], faces=1)
    world.pass_time(251)
    (result,) = world.publish(publisher)
    assert result.reused == (True,)
    batch = world.expect(classifier, ClassifyBatch)
    world.say(classifier, expressions_for(batch))
    assert world.scheduler.state.ignored["face"] == 1


@pytest.mark.parametrize("leaves", [True, False])
def test_live_frames_go_on_when_the_last_classifier_is_gone(world: World, leaves: bool) -> None:
    capture, detector, classifier, publisher = world.stages()
    world.detect_frames(capture, detector, [0], faces=1)
    assert world.publish(publisher) == []
    if leaves:
        world.say(classifier, Bye())
    else:
        world.lose(classifier)
    (result,) = world.publish(publisher)
    assert result.reused == (True,)


def test_newer_faces_supersede_older_ones_that_no_classifier_has(world: World) -> None:
    capture, detector, classifier, publisher = world.stages()
    world.detect_frames(capture, detector, range(3), faces=1)
    world.classify(classifier)
    world.classify(classifier)
    assert [result.reused for result in world.publish(publisher)] == [(False,), (True,), (False,)]


def test_faces_of_all_cameras_share_a_batch(world: World) -> None:
    classifier, detector = world.classifier(batch=8), world.detector()
    first, second = world.capture("one"), world.capture("two")
    world.detect_frames(first, detector, [0], faces=1)  # keeps the classifier busy
    world.detect_frames(first, detector, [1], faces=2)
    world.detect_frames(second, detector, [0], faces=3)
    world.classify(classifier)
    assert len(world.expect(classifier, ClassifyBatch).crops) == 5


def test_faces_that_are_turned_away_wait_for_no_classifier(world: World) -> None:
    capture, detector, classifier, publisher = world.stages()
    world.say_frames(capture, [0])
    run = world.expect(detector, DetectRun)
    faces = faces_for(run.work_id, run.frames[0], 2)
    poses = np.array([[1.0, 2.0, 3.0], [4.0, 80.0, 6.0]])
    world.say(detector, replace(faces, poses=poses, turned_away=(False, True)))
    batch = world.classify(classifier)
    assert batch is not None
    assert len(batch.crops) == 1
    (result,) = world.publish(publisher)
    assert np.array_equal(result.poses, poses)
    assert result.turned_away == (False, True)
    assert result.reused == (False, False)
    assert not result.probabilities[1].any()


def test_batch_is_no_larger_than_the_worker_announced(world: World) -> None:
    classifier, detector, capture = world.classifier(batch=4), world.detector(), world.capture()
    world.detect_frames(capture, detector, [0], faces=6)
    batches = [world.classify(classifier), world.classify(classifier)]
    assert [len(batch.crops) for batch in batches if batch] == [4, 2]


def test_frame_goes_on_when_the_one_before_it_is_given_up(world: World) -> None:
    capture, slow, publisher = world.capture(), world.detector(), world.publisher()
    world.say(capture, frame("cam", 0))
    world.expect(slow, DetectRun)
    world.pass_time(400)
    world.detect_frames(capture, world.detector(), [1])
    assert world.publish(publisher) == []
    world.pass_time(200)
    assert ids(world.publish(publisher)) == [1]
    assert world.status().dropped == {"too_old": 1}


def test_results_are_released_in_order_whoever_is_first(world: World) -> None:
    capture, publisher = world.capture(mode=Mode.LOSSLESS), world.publisher()
    one, two = world.detector(interval=1), world.detector(interval=1)
    world.say(capture, frame("cam", 0))
    world.detect_frames(capture, two, [1])
    assert world.publish(publisher) == []
    world.detect(one, faces=0)
    assert ids(world.publish(publisher)) == [0, 1]


def test_lossless_run_waits_for_its_last_frame_or_the_end(world: World) -> None:
    capture, detector = world.capture(mode=Mode.LOSSLESS), world.detector(interval=10)
    world.say_frames(capture, range(9))
    assert world.take(detector, DetectRun) is None
    world.say_frames(capture, [9, 10])
    run = world.detect(detector)
    assert run is not None
    assert len(run.frames) == 10
    assert world.take(detector, DetectRun) is None
    world.end(capture)
    assert ids(world.expect(detector, DetectRun).frames) == [10]


def test_ring_smaller_than_two_runs_shortens_the_runs(world: World) -> None:
    capture, detector = world.capture(mode=Mode.LOSSLESS, slots=6), world.detector(interval=10)
    world.say_frames(capture, range(3))
    assert len(world.expect(detector, DetectRun).frames) == 3


def test_dead_classifiers_batch_is_handed_out_again(world: World) -> None:
    capture, detector, publisher = world.capture(), world.detector(), world.publisher()
    first, second = world.classifier(), world.classifier()
    world.detect_frames(capture, detector, [7], faces=3)
    world.lose(first)
    world.classify(second)
    (result,) = world.publish(publisher)
    assert result.reused == (False, False, False)
    assert result.probabilities[:, 0].tolist() == [7, 7, 7]


def test_silent_worker_is_given_up_and_what_it_says_later_is_ignored(world: World) -> None:
    capture, publisher = world.capture(mode=Mode.LOSSLESS), world.publisher()
    frozen = world.detector(interval=1)
    world.say(capture, frame("cam", 0))
    run = world.expect(frozen, DetectRun)
    for _ in range(4):
        world.pass_time(1000)
        for peer in (capture, publisher):
            world.say(peer, Status(0, 0.0, 0))
    other = world.detector(interval=1)
    world.say(frozen, faces_for(run.work_id, run.frames[0], 5))
    world.expect(frozen, WhoAreYou)
    world.detect(other, faces=0)
    (result,) = world.publish(publisher)
    assert len(result.boxes) == 0


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.LOSSLESS])
def test_frame_that_kills_every_detector_fails_and_the_run_goes_on(
    world: World, mode: Mode
) -> None:
    capture, publisher = world.capture(mode=mode), world.publisher()
    world.say_frames(capture, range(3))
    world.end(capture)
    for _ in range(3):
        victim = world.detector(interval=10)
        run = world.expect(victim, DetectRun)
        for item in run.frames[:1] if mode is Mode.LOSSLESS else ():
            world.say(victim, faces_for(run.work_id, item, 0))
        world.lose(victim)
    survivor = world.detector(interval=10)
    world.detect(survivor, faces=0)
    results = world.publish(publisher)
    expected = [False, True, False] if mode is Mode.LOSSLESS else [True]
    assert [result.failed for result in results] == expected
    assert world.status().failed == 1


def test_face_that_kills_every_classifier_takes_no_other_frame_with_it(world: World) -> None:
    capture, detector, publisher = world.recording()
    world.detect_frames(capture, detector, range(3), faces=1)
    world.end(capture)
    for _ in range(8):
        worker = world.classifier(batch=8)
        batch = world.take(worker, ClassifyBatch)
        if batch is None:
            break
        if 1 in batch.crops[:, 0, 0]:
            world.lose(worker)
        else:
            world.say(worker, expressions_for(batch))
            world.say(worker, Bye())
    assert [result.failed for result in world.publish(publisher)] == [False, True, False]


def test_failures_that_are_not_in_a_row_dismiss_no_classifier(world: World) -> None:
    capture, detector, _ = world.recording()
    classifier = world.classifier(batch=1)
    for frame_id in range(4):
        world.say(capture, frame("cam", frame_id))
        world.detect(detector)
        batch = world.expect(classifier, ClassifyBatch)
        world.say(classifier, WorkFailed(batch.work_id, "no memory now"))
        assert world.classify(classifier) is not None
    assert world.take(classifier, Refused) is None


def test_classifier_that_can_do_nothing_is_sent_away(world: World) -> None:
    capture, detector, _ = world.recording()
    classifier = world.classifier(batch=1)
    world.detect_frames(capture, detector, range(3), faces=1)
    for _ in range(3):
        batch = world.expect(classifier, ClassifyBatch)
        world.say(classifier, WorkFailed(batch.work_id, "no memory"))
    assert "3 pieces of work in a row" in world.expect(classifier, Refused).reason


def test_many_faces_in_batches_of_workers_that_die_at_once_fail_no_frame(world: World) -> None:
    capture, publisher = world.capture(mode=Mode.LOSSLESS), world.publisher()
    workers = [world.classifier(batch=4) for _ in range(3)]
    detector = world.detector(interval=1)
    world.detect_frames(capture, detector, [0], faces=20)
    for worker in workers:
        world.lose(worker)
    results = world.drain([world.classifier(batch=4)], [publisher])
    assert [result.failed for result in results] == [False]
    assert results[0].reused == (False,) * 20


def test_work_of_those_who_leave_in_order_is_not_held_against_it(world: World) -> None:
    capture, publisher = world.capture(mode=Mode.LOSSLESS), world.publisher()
    world.say(capture, frame("cam", 0))
    world.end(capture)
    for _ in range(5):
        world.say(world.detector(interval=5), Bye())
    world.detect(world.detector(interval=5), faces=0)
    assert [result.failed for result in world.publish(publisher)] == [False]


def test_capture_that_comes_again_begins_with_the_first_frame_of_the_run(world: World) -> None:
    capture, publisher = world.capture(mode=Mode.LOSSLESS, instance="x"), world.publisher()
    detector = world.detector(interval=4)
    world.say_frames(capture, range(6))
    run = world.expect(detector, DetectRun)
    for item in run.frames[:2]:
        world.say(detector, faces_for(run.work_id, item, 0))
    assert ids(world.publish(publisher)) == [0, 1]
    again = world.capture(mode=Mode.LOSSLESS, instance="x")
    assert world.expect(again, Welcome) == Welcome(0)
    world.say_frames(again, range(4))
    world.say(detector, Bye())
    second = world.detect(world.detector(interval=4), faces=0)
    assert second is not None
    assert ids(second.frames) == [0, 1, 2, 3]
    assert ids(world.publish(publisher)) == [2, 3]
    assert (world.status().captured, world.status().published) == (4, 4)
    assert ids(world.releases(again)) == [0, 1, 2, 3]


def test_slots_come_back_when_the_whole_run_is_published(world: World) -> None:
    capture, detector, publisher = world.recording(interval=2)
    world.say_frames(capture, range(2))
    world.detect(detector, faces=0)
    first, second = world.take_all(publisher, Result)
    world.say(publisher, Published("cam", first.frame.frame_id))
    assert world.releases(capture) == []
    world.say(publisher, Published("cam", second.frame.frame_id))
    assert len(world.releases(capture)) == 2


def test_frame_missing_from_a_lossless_camera_is_asked_for_again(world: World) -> None:
    capture = world.capture(mode=Mode.LOSSLESS)
    world.say_frames(capture, [0, 2])
    world.expect(capture, WhoAreYou)


def test_capture_that_says_hello_again_gets_no_slot_back_of_the_frames_before(world: World) -> None:
    capture, detector, publisher = world.recording()
    world.detect_frames(capture, detector, [0])
    world.say(capture, frame("cam", 2))
    world.say(capture, CameraHello("c", "again", "cam", Mode.LOSSLESS, 0, 24, 0, 0, 0))
    assert ids(world.publish(publisher)) == [0]
    assert world.releases(capture) == []
    assert world.status().published == 1


def test_live_camera_that_left_keeps_no_recording_from_ending(world: World) -> None:
    live, lossless = world.capture("live"), world.capture("file", Mode.LOSSLESS)
    world.say(live, Bye())
    world.pass_time(10)
    assert not world.scheduler.state.finished
    world.end(lossless)
    world.pass_time(10)
    assert world.scheduler.state.finished


def test_capture_that_comes_when_all_is_done_is_refused(world: World) -> None:
    world.end(world.capture(mode=Mode.LOSSLESS))
    world.pass_time(10)
    refused = world.expect(world.capture("late", Mode.LOSSLESS), Refused)
    assert "CAPTURE_CAMERA=late" in refused.reason


def test_slots_of_a_run_come_back_only_when_it_need_not_be_read_again(world: World) -> None:
    capture, detector, publisher = world.recording(interval=2)
    world.say_frames(capture, [0, 1])
    run = world.expect(detector, DetectRun)
    world.say(detector, faces_for(run.work_id, run.frames[0], 0))
    world.publish(publisher)
    assert world.releases(capture) == []
    assert world.status().published == 1
    world.say(detector, faces_for(run.work_id, run.frames[1], 0))
    world.publish(publisher)
    assert ids(world.releases(capture)) == [0, 1]


def test_every_publisher_gets_every_result_and_the_slot_waits_for_all(world: World) -> None:
    capture, detector = world.capture(), world.detector()
    one, two = world.publisher(), world.publisher()
    world.detect_frames(capture, detector, [0])
    assert len(world.publish(one)) == 1
    assert world.releases(capture) == []
    assert len(world.publish(two)) == 1
    assert len(world.releases(capture)) == 1
    assert world.status().published == 1


def test_lossless_waits_for_a_publisher_and_live_does_not(world: World) -> None:
    live, lossless = world.capture("live"), world.capture("file", Mode.LOSSLESS)
    detector = world.detector(interval=1)
    world.say(live, frame("live", 0))
    world.detect_frames(lossless, detector, [0])
    world.detect(detector, faces=0)
    assert world.status("live").dropped == {"no_publisher": 1}
    assert world.status("file").in_flight == 1
    assert len(world.publish(world.publisher())) == 1


def test_slow_publisher_gets_no_more_than_three_live_frames(world: World) -> None:
    capture, detector, publisher = world.capture(), world.detector(), world.publisher()
    world.detect_frames(capture, detector, range(5))
    assert len(world.take_all(publisher, Result)) == 3
    assert world.status().dropped == {"publisher_slow": 2}


def test_lossless_goes_on_when_no_publisher_has_its_hands_full_any_more(world: World) -> None:
    one, other = world.publisher(), world.publisher()
    lossless_frames(world, 18)
    assert ids(world.take_all(one, Result)) == ids(world.take_all(other, Result)) == [*range(16)]
    world.say(one, Published("cam", 0))
    assert world.take(one, Result) is None
    world.say(other, Published("cam", 1))  # so none of both frames has come to its end
    assert [ids([world.expect(peer, Result)]) for peer in (one, other)] == [[16], [16]]


def lossless_frames(world: World, count: int) -> tuple[bytes, bytes]:
    """Capture and detect frames without faces; return the capture and the detector."""
    capture, detector = world.capture(mode=Mode.LOSSLESS), world.detector(interval=1)
    world.detect_frames(capture, detector, range(count))
    return capture, detector


def test_publisher_started_again_gets_what_it_had_and_has_not_on_disk(world: World) -> None:
    first = world.publisher(instance="place")
    lossless_frames(world, 4)
    world.lose(first)
    assert_ledger(world.status())
    second = world.publisher(recorded={"cam": 1}, instance="place")
    assert ids(world.publish(second)) == [2, 3]
    assert world.status().published == 4


def test_others_wait_for_a_publisher_that_is_started_again(world: World) -> None:
    first, other = world.publisher(instance="place"), world.publisher()
    capture, detector = lossless_frames(world, 2)
    world.lose(first)
    world.detect_frames(capture, detector, range(2, 4))
    assert ids(world.publish(other)) == [0, 1]
    second = world.publisher(recorded={"cam": 0}, instance="place")
    assert ids(world.publish(second)) == [1, 2, 3]
    assert ids(world.publish(other)) == [2, 3]
    assert world.status().published == 4


def test_frames_of_a_publisher_that_stays_away_go_to_the_next(world: World) -> None:
    first = world.publisher()
    lossless_frames(world, 20)  # more than one publisher has at once
    world.lose(first)
    world.let_everybody_wait(11)
    assert ids(world.drain([], [world.publisher()])) == list(range(20))


def test_no_publisher_is_sent_a_frame_from_before_one_it_has(world: World) -> None:
    first = world.publisher()
    capture, detector = lossless_frames(world, 1)
    second = world.publisher()
    world.detect_frames(capture, detector, range(1, 2))
    world.lose(first)
    world.let_everybody_wait(11)
    assert ids(world.publish(second)) == [1]
    assert world.status().dropped == {"publisher_lost": 1}


def test_lost_capture_drops_live_frames_and_keeps_the_ledger(world: World) -> None:
    capture, _ = world.capture(instance="x"), world.detector()
    world.say_frames(capture, [0, 1])
    again = world.capture(instance="x")
    assert world.expect(again, Welcome) == Welcome(2)
    assert world.status().dropped == {"capture_lost": 2}
    assert_ledger(world.status())
    assert world.status().online


def test_lost_lossless_capture_sends_its_unpublished_frames_again(world: World) -> None:
    capture, publisher = world.capture(mode=Mode.LOSSLESS, instance="x"), world.publisher()
    detector = world.detector(interval=1)
    world.detect_frames(capture, detector, [0])
    world.publish(publisher)
    world.say(capture, frame("cam", 1))
    again = world.capture(mode=Mode.LOSSLESS, instance="x")
    assert world.expect(again, Welcome) == Welcome(1)
    world.detect_frames(again, detector, [1])
    world.detect(detector, faces=0)
    assert ids(world.publish(publisher)) == [1]
    assert world.status().captured == 2
    assert world.status().published == 2


def test_new_broker_takes_over_the_captures_ledger(world: World) -> None:
    hello = CameraHello("c", "i", "cam", Mode.LIVE, 0, 8, 10, 7, 1, {Cause.SUPERSEDED: 2})
    world.say(b"x", hello)
    status = world.status()
    assert (status.captured, status.published, status.failed) == (10, 7, 1)
    assert status.dropped == {"superseded": 2}


def test_skipped_frames_are_captured_and_dropped(world: World) -> None:
    capture = world.capture()
    world.say(capture, FrameSkipped("cam", 0, Cause.RING_FULL))
    assert world.status().captured == 1
    assert world.status().dropped == {"ring_full": 1}
    world.say(capture, FrameSkipped("cam", 0, Cause.RING_FULL))
    assert world.status().captured == 1


def test_second_capture_of_the_same_name_is_refused_and_told_what_to_do(world: World) -> None:
    world.capture()
    assert "CAPTURE_CAMERA=cam" in world.expect(world.capture(), Refused).reason


def test_more_cameras_than_the_limit_are_refused_and_known_ones_come_back(world: World) -> None:
    captures = [world.capture(f"cam{number}") for number in range(MAX_CAMERAS)]
    assert all(world.take(capture, Welcome) for capture in captures)
    refused = world.expect(world.capture("one more"), Refused)
    assert f"CAPTURE_CAMERA=one more: there are {MAX_CAMERAS} cameras" in refused.reason
    world.lose(captures[-1])
    again = world.capture(f"cam{MAX_CAMERAS - 1}", instance=captures[-1].decode())
    world.expect(again, Welcome)


@pytest.mark.parametrize("name", ["", "x" * (MAX_NAME_LENGTH + 1)])
def test_camera_with_too_short_or_too_long_a_name_is_refused(world: World, name: str) -> None:
    refused = world.expect(world.capture(name), Refused)
    assert f"1 to {MAX_NAME_LENGTH} characters, got {len(name)}" in refused.reason


def test_detector_with_another_interval_is_refused(world: World) -> None:
    world.detector(interval=10)
    assert "DETECTOR_INTERVAL=5" in world.expect(world.detector(interval=5), Refused).reason


def test_role_that_does_no_work_is_refused(world: World) -> None:
    world.say(b"x", WorkerHello(Role.PUBLISHER, "j", "i", 3))
    world.expect(b"x", Refused)


def test_offline_camera_is_told_with_its_reason(world: World) -> None:
    capture = world.capture()
    world.say(capture, CameraState("cam", online=False, reason="unplugged"))
    assert (world.status().online, world.status().reason) == (False, "unplugged")


def test_cameras_take_turns(world: World) -> None:
    cameras = ["a", "b", "c"]
    captures = [world.capture(name) for name in cameras]
    seen = []
    detector = world.detector()
    for round_id in range(3):
        for name, capture in zip(cameras, captures, strict=True):
            world.say(capture, frame(name, round_id))
        for _ in cameras:
            run = world.detect(detector, faces=0)
            seen.append(run.frames[0].camera if run else None)
    assert sorted(filter(None, seen)) == sorted(cameras * 3)


def test_everybody_is_told_when_every_source_has_ended_and_all_is_counted(world: World) -> None:
    capture, detector = world.capture(mode=Mode.LOSSLESS), world.detector(interval=5)
    publisher = world.publisher()
    world.say(capture, frame("cam", 0))
    world.end(capture)
    world.detect(detector, faces=0)
    world.pass_time(10)
    assert not world.scheduler.state.finished
    world.publish(publisher)
    world.pass_time(10)
    assert world.scheduler.state.finished
    assert all(world.take(peer, Finish) for peer in (capture, detector, publisher))


def test_status_tells_how_often_and_why_each_peer_was_started_again(world: World) -> None:
    frozen, killed = Restarts(2, "did not answer for 3 s"), Restarts(1, "was killed by SIGKILL")
    world.say(b"d", WorkerHello(Role.DETECTOR, "d", "i", 3, frozen))
    world.say(b"c", CameraHello("c", "j", "cam", Mode.LIVE, 0, 8, 0, 0, 0, {}, killed))
    world.say(b"p", PublisherHello("p", "k", {}, killed))
    world.classifier()
    status = world.scheduler.report(world.now_ns)
    assert [peer.restarts for peer in status.peers] == [frozen, killed, killed, Restarts()]
    assert status.restarts == Restarts()


def live_on(world: World, seconds: int, *peers: bytes) -> None:
    """Let time pass in which peers send their heartbeats, and the same counts in each."""
    for _ in range(seconds):
        for peer in peers:
            world.say(peer, Status(7, 0.0, 0))
        world.pass_time(1000)
        world.scheduler.heartbeat()


def is_asked(world: World, peer: bytes) -> bool:
    """Whether the broker has given a peer up and asked who it is."""
    return any(isinstance(message, WhoAreYou) for message in world.inbox[peer])


def test_publisher_that_lives_and_acknowledges_nothing_begins_anew(world: World) -> None:
    capture, detector, publisher = world.recording()
    world.detect_frames(capture, detector, range(10))
    assert ids(world.take_all(publisher, Result)) == list(range(10))
    live_on(world, 20, capture, detector, publisher)
    assert not is_asked(world, publisher)
    live_on(world, 3, capture, detector, publisher)
    assert is_asked(world, publisher)
    world.say(publisher, PublisherHello("p", publisher.decode()))
    assert ids(world.publish(publisher)) == list(range(10))
    assert world.status().published == 10


def test_worker_that_lives_and_does_not_answer_loses_its_work(world: World) -> None:
    capture, detector, _ = world.recording(10)
    world.say_frames(capture, range(10))
    first = world.expect(detector, DetectRun)
    live_on(world, 23, capture, detector)
    assert is_asked(world, detector)
    world.say(detector, WorkerHello(Role.DETECTOR, "d", detector.decode(), 10))
    again = world.expect(detector, DetectRun)
    assert ids(again.frames) == ids(first.frames)
    assert again.work_id != first.work_id


def test_peers_that_have_nothing_in_hand_are_not_overdue(world: World) -> None:
    peers = world.stages()
    live_on(world, 60, *peers)
    assert not any(is_asked(world, peer) for peer in peers)


def test_detector_that_answers_a_run_slowly_is_not_overdue(world: World) -> None:
    capture, detector, _ = world.recording(10)
    world.say_frames(capture, range(10))
    work = world.expect(detector, DetectRun)
    for item in work.frames:
        live_on(world, 15, capture, detector)
        world.say(detector, faces_for(work.work_id, item, 0))
    assert not is_asked(world, detector)


def test_publisher_that_acknowledges_slowly_is_not_overdue(world: World) -> None:
    capture, detector, publisher = world.recording()
    world.detect_frames(capture, detector, range(10))
    for result in world.take_all(publisher, Result):
        live_on(world, 15, capture, detector, publisher)
        world.say(publisher, Published("cam", result.frame.frame_id))
    assert not is_asked(world, publisher)
    assert world.status().published == 10


@pytest.mark.parametrize("mode", CAMERA_MODES)
def test_a_frame_that_could_not_be_decoded_is_published_and_counted_as_failed(
    world: World, mode: Mode
) -> None:
    capture = world.capture(mode=mode)
    detector, publisher = world.detector(1), world.publisher()
    world.say(capture, replace(frame("cam", 0), failed=True, source="cut.jpg"))
    world.detect(detector, 0)
    (result,) = world.publish(publisher)
    assert result.failed
    assert result.frame.source == "cut.jpg"
    status = world.status()
    assert (status.captured, status.failed, status.published) == (1, 1, 0)
    assert_ledger(status)
    assert [release.fate for release in world.releases(capture)] == [Fate.FAILED]
