"""Frames that detectors cannot read: whose fault that is, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from common.contract import Cause, Mode
from common.messages import DetectRun, Refused, WorkFailed
from tests.common.broker.world import World, assert_ledger, faces_for, frame

WHY = "ring /gone cannot be mapped"


def say_in_ring(world: World, capture: bytes, ring: str, ids: Iterable[int]) -> None:
    for frame_id in ids:
        world.say(capture, replace(frame("cam", frame_id), ring=ring))


def fail(world: World, detector: bytes) -> bool:
    """Let a detector say that it cannot read what it was handed; False where that was nothing."""
    run = world.take(detector, DetectRun)
    if run is not None:
        world.say(detector, WorkFailed(run.work_id, WHY))
    return run is not None


def put_aside(world: World, capture: bytes, detector: bytes) -> int:
    """Send frames that cannot be read until none is handed out; return how many that took."""
    for frame_id in range(10):
        world.say_frames(capture, [frame_id])
        if not fail(world, detector):
            return frame_id
    raise AssertionError("they are handed out for ever")


def test_a_live_frame_that_nobody_can_read_is_dropped_with_its_cause(world: World) -> None:
    capture, detector, *_ = world.stages()
    world.say_frames(capture, [0])
    assert fail(world, detector)
    assert world.status().dropped == {Cause.UNREADABLE: 1}
    (release,) = world.releases(capture)
    assert release.cause is Cause.UNREADABLE
    world.say_frames(capture, [1])
    assert world.detect(detector, faces=0)
    assert world.take(detector, Refused) is None
    assert world.status().online


def test_a_camera_that_nobody_can_read_is_put_aside_and_another_does_not_notice(
    world: World,
) -> None:
    capture, detector, _, publisher = world.stages()
    assert put_aside(world, capture, detector) == 3
    status = world.status()
    assert (status.online, status.reason) == (False, f"no detector can read its frames: {WHY}")
    assert status.dropped == {Cause.UNREADABLE: 4}
    assert status.in_flight == 0
    other = world.capture("other")
    world.detect_frames(other, detector, range(3))
    assert len(world.publish(publisher)) == 3
    assert world.status("other").online
    assert_ledger(world.status())


@pytest.mark.parametrize("change", ["ring", "hello", "detector", "time"])
def test_a_camera_is_taken_up_again_when_something_has_changed(world: World, change: str) -> None:
    capture, detector, *_ = world.stages()
    put_aside(world, capture, detector)
    if change == "ring":
        say_in_ring(world, capture, "new ring", [20])
    elif change == "hello":
        world.lose(capture)
        world.say_frames(world.capture("cam", instance=capture.decode()), [20])
    elif change == "detector":
        detector = world.detector()
        world.say_frames(capture, [20])
    else:
        world.let_everybody_wait(6)
        world.say_frames(capture, [20])
    assert world.detect(detector, faces=0)
    assert world.status().online


def test_a_camera_that_is_tried_again_in_vain_stays_aside(world: World) -> None:
    capture, detector, *_ = world.stages()
    put_aside(world, capture, detector)
    world.let_everybody_wait(6)
    world.say_frames(capture, [20, 21])
    assert fail(world, detector)
    world.say_frames(capture, [22])
    assert not fail(world, detector)
    assert not world.status().online


def test_a_detector_that_cannot_read_what_others_can_is_not_sent_away_and_gets_no_more(
    world: World,
) -> None:
    capture, publisher = world.capture(mode=Mode.LOSSLESS), world.publisher()
    misplaced, able = world.detector(interval=1), world.detector(interval=1)
    for frame_id in range(6):
        world.say_frames(capture, [frame_id])
        fail(world, misplaced)
        world.detect(able, faces=0)
    world.say_frames(capture, range(6, 9))
    assert world.take(misplaced, DetectRun) is None
    for _ in range(3):
        assert world.detect(able, faces=0)
    assert [result.failed for result in world.publish(publisher)] == [False] * 9
    assert world.take(misplaced, Refused) is None
    assert world.status().online


def test_a_detector_that_has_left_is_not_remembered(world: World) -> None:
    capture, misplaced, *_ = world.stages()
    world.say_frames(capture, [0])
    assert fail(world, misplaced)
    able = world.detector()
    world.lose(misplaced)
    world.detect_frames(capture, able, [1])
    for _ in range(6):
        world.let_everybody_wait(1)
    assert world.scheduler._detection._unread.troubles == {}


def test_what_a_detector_says_is_shown_escaped(world: World) -> None:
    capture, detector, *_ = world.stages()
    world.say_frames(capture, range(3))
    for frame_id in range(3, 6):
        run = world.expect(detector, DetectRun)
        world.say(detector, WorkFailed(run.work_id, "no\n\x1b[31mERROR broker: forged"))
        world.say_frames(capture, [frame_id])
    assert world.status().reason.endswith(r"no\n\x1b[31mERROR broker: forged")


def test_a_misplaced_detector_is_of_use_to_cameras_whose_frames_travel(world: World) -> None:
    capture, publisher = world.capture(), world.publisher()
    misplaced = world.detector()
    put_aside(world, capture, misplaced)
    inline = world.capture("inline")
    world.say(inline, replace(frame("inline", 0), ring="", picture=b"jpeg"))
    assert world.detect(misplaced, faces=0)
    assert len(world.publish(publisher)) == 1


def test_lossless_frames_wait_for_the_detector_that_could_read_them(world: World) -> None:
    capture, detector, publisher = world.recording()
    misplaced = world.detector(interval=1)
    for frame_id in range(4):
        world.say_frames(capture, [frame_id])
        fail(world, misplaced)
        world.detect(detector, faces=0)
    world.lose(detector)
    world.say_frames(capture, range(4, 8))
    while fail(world, misplaced):
        continue
    world.let_everybody_wait(7)
    while fail(world, misplaced):
        continue
    again = world.detector(interval=1)
    while world.detect(again, faces=0):
        continue
    assert [result.failed for result in world.publish(publisher)] == [False] * 8


def test_lossless_frames_that_nobody_can_read_fail_in_the_end_and_are_recorded(
    world: World,
) -> None:
    capture, detector, publisher = world.recording()
    world.detect_frames(capture, detector, [0])
    world.say_frames(capture, range(1, 10))
    for _ in range(15):
        while fail(world, detector):
            continue
        world.let_everybody_wait(1)
    results = world.publish(publisher)
    assert [result.failed for result in results] == [False] + [True] * 9
    world.end(capture)
    status = world.status()
    assert (status.published, status.failed, status.in_flight) == (1, 0, 0)
    assert status.dropped == {Cause.UNREADABLE: 9}
    assert "no detector can read its frames" in status.reason
    assert {release.cause for release in world.releases(capture)} == {None, Cause.UNREADABLE}


def test_one_bad_frame_of_a_run_fails_alone(world: World) -> None:
    capture, detector, publisher = world.recording(interval=4)
    world.say_frames(capture, range(4))
    world.let_everybody_wait(11)
    for _ in range(12):
        for run in world.take_all(detector, DetectRun):
            for item in run.frames:
                is_bad = item.frame_id == 2
                said = WorkFailed(run.work_id, WHY) if is_bad else faces_for(run.work_id, item, 0)
                world.say(detector, said)
        world.let_everybody_wait(1)
    assert [result.failed for result in world.publish(publisher)] == [False, False, True, False]


def test_frames_of_a_camera_put_aside_do_not_wait_while_no_detector_is_there(world: World) -> None:
    capture, detector, *_ = world.stages()
    put_aside(world, capture, detector)
    world.lose(detector)
    world.say_frames(capture, [20])
    assert world.status().in_flight == 1
    world.pass_time(600)
    assert world.status().dropped[Cause.TOO_OLD] == 1


def test_a_camera_that_waits_for_another_detector_keeps_its_turn_and_lets_others_go_by(
    world: World,
) -> None:
    capture, other, publisher = world.capture(), world.capture("other"), world.publisher()
    misplaced, able = world.detector(), world.detector()
    for frame_id in range(6):
        world.say_frames(capture, [frame_id])
        fail(world, misplaced)
        world.detect(able, faces=0)
        world.publish(publisher)
    world.say_frames(capture, [6])
    world.say_frames(capture, [7])
    world.say_frames(other, [0])
    passed = world.detect(misplaced, faces=0)
    assert passed is not None
    assert passed.frames[0].camera == "other"
    assert world.detect(able, faces=0)
    waited = world.detect(able, faces=0)
    assert waited is not None
    assert waited.frames[0].frame_id == 7
    assert len(world.publish(publisher)) == 3
