"""Cameras that come and go."""

from __future__ import annotations

import pytest

from common.broker.desks.captures import DEAD_FORGOTTEN_AFTER_NS, STOPPED_FORGOTTEN_AFTER_NS
from common.contract import Mode
from common.messages import Bye, Finish
from tests.common.broker.world import World, frame

FORGOTTEN_AFTER_MS = STOPPED_FORGOTTEN_AFTER_NS / 1e6


def names(world: World) -> list[str]:
    return [camera.camera for camera in world.scheduler.report(world.now_ns).cameras]


@pytest.mark.parametrize("frames", [0, 3])
def test_a_camera_that_is_stopped_is_offline_and_then_forgotten(world: World, frames: int) -> None:
    door, _ = world.capture("door"), world.capture("hall")
    world.publisher()
    world.detector()
    world.say_frames(door, range(frames))
    world.say(door, Bye())
    assert (world.status("door").online, world.status("door").reason) == (
        False,
        "its capture was stopped",
    )
    world.pass_time(FORGOTTEN_AFTER_MS / 2)
    assert names(world) == ["door", "hall"]
    world.pass_time(FORGOTTEN_AFTER_MS)
    assert names(world) == ["hall"]
    world.capture("door")
    assert world.status("door").online


def test_a_camera_whose_capture_died_stays_offline_for_an_hour(world: World) -> None:
    world.lose(world.capture("door"))
    world.pass_time(3 * FORGOTTEN_AFTER_MS)
    assert world.status("door").reason == "its capture process is gone"
    world.pass_time(DEAD_FORGOTTEN_AFTER_NS / 1e6)
    assert names(world) == []


def test_a_camera_that_is_back_in_time_is_not_forgotten(world: World) -> None:
    world.say(world.capture("door"), Bye())
    world.pass_time(FORGOTTEN_AFTER_MS / 2)
    capture = world.capture("door")
    for _ in range(100):
        world.say(capture, frame("door", world.status("door").captured))
        world.pass_time(FORGOTTEN_AFTER_MS / 50)
        capture = capture if world.status("door").online else world.capture("door")
    assert names(world) == ["door"]


def test_a_recording_that_is_stopped_is_waited_for(world: World) -> None:
    world.say(world.capture("talk", Mode.LOSSLESS), Bye())
    world.pass_time(3 * FORGOTTEN_AFTER_MS)
    assert names(world) == ["talk"]


def test_a_forgotten_camera_that_comes_back_is_published(world: World) -> None:
    publisher, detector = world.publisher(), world.detector()
    for frames in (100, 50):
        capture = world.capture("door")
        for frame_id in range(frames):
            world.say(capture, frame("door", frame_id))
            world.detect(detector, faces=0)
            world.publish(publisher)
        assert world.status("door").published == frames
        world.say(capture, Bye())
        world.let_everybody_wait(63)
        assert names(world) == []


def test_a_live_camera_that_died_is_waited_for_a_moment_when_another_ends(world: World) -> None:
    ended, died = world.capture("ended"), world.capture("died")
    world.end(ended)
    world.lose(died)
    world.pass_time(1000)
    assert not world.scheduler.state.finished
    world.let_everybody_wait(12)
    assert world.scheduler.state.finished


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.LOSSLESS])
@pytest.mark.parametrize("leave", [True, False])
def test_a_camera_that_was_added_ends_alone(mode: Mode, leave: bool) -> None:
    world = World(by_honcho=True)
    publisher, detector = world.publisher(), world.detector(interval=1)
    added = world.capture("talk", mode)
    world.detect_frames(added, detector, range(3))
    world.end(added)
    world.pass_time(30)
    assert world.take(added, Finish) is None, "its frames are not accounted for"
    world.publish(publisher)
    world.pass_time(30)
    assert len(world.take_all(added, Finish)) == 1
    world.say(added, Bye()) if leave else world.lose(added)
    world.let_everybody_wait(20)
    assert world.take(publisher, Finish) is None
    assert not world.scheduler.state.finished
    status = world.status("talk")
    assert (status.ended, status.published, status.in_flight) == (True, 3, 0)


def test_a_pipeline_ends_with_its_own_camera_when_those_added_have_ended() -> None:
    world = World(by_honcho=True)
    own = world.capture("own", by_honcho=True)
    added, stays = world.capture("added", Mode.LOSSLESS), world.capture("stays")
    world.end(added)
    world.end(own)
    world.pass_time(30)
    world.say(added, Bye())
    world.pass_time(30)
    assert not world.scheduler.state.finished
    world.end(stays)
    world.pass_time(30)
    assert world.scheduler.state.finished
    assert world.take(own, Finish)


def test_a_live_recording_that_was_added_and_has_ended_is_forgotten() -> None:
    world = World(by_honcho=True)
    added = world.capture("clip")
    world.end(added)
    world.pass_time(30)
    world.say(added, Bye())
    world.let_everybody_wait(63)
    assert names(world) == []
