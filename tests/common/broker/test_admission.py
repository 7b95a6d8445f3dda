"""Who is taken in, and what a peer may have: names, places, slots."""

from __future__ import annotations

import pytest
from msgspec import structs

from common.broker import state
from common.broker.admission import MAX_PEERS, MAX_SLOTS
from common.broker.peers import RETURN_NS
from common.contract import CAMERA_MODES, Mode, Role
from common.messages import (
    MAX_ITEMS,
    Bye,
    CameraHello,
    CameraState,
    DetectRun,
    Frame,
    Message,
    PublisherHello,
    Refused,
    Welcome,
    WorkerHello,
)
from tests.common.broker.world import MS, World, faces_for, frame

RETURN_MS = RETURN_NS / MS
FORGED = "door\nERROR broker: forged"


@pytest.mark.parametrize("mode", CAMERA_MODES)
def test_name_of_a_camera_is_kept_for_the_capture_that_was_lost(world: World, mode: Mode) -> None:
    first = world.capture("door", mode, instance="first")
    world.lose(first)
    world.pass_time(RETURN_MS - 1)
    refused = world.expect(world.capture("door", mode, instance="another"), Refused)
    assert "CAPTURE_CAMERA=door: the capture of that camera was lost less than 10 s" in (
        refused.reason
    )
    world.expect(world.capture("door", mode, instance="first"), Welcome)


def test_name_of_a_camera_is_free_when_its_capture_has_been_away_for_long(world: World) -> None:
    world.lose(world.capture("door"))
    world.pass_time(RETURN_MS)
    world.expect(world.capture("door"), Welcome)


def test_name_of_a_camera_is_free_when_its_capture_has_said_goodbye(world: World) -> None:
    first = world.capture("door")
    world.say(first, Bye())
    world.expect(world.capture("door"), Welcome)


@pytest.mark.parametrize(
    "hello",
    [
        WorkerHello(Role.DETECTOR, FORGED, "i", 10),
        PublisherHello("p\x1b[31m", "i"),
        CameraHello("\u202ec", "i", "door", Mode.LIVE, 0, 8, 0, 0, 0),
        CameraHello("c", "i", FORGED, Mode.LIVE, 0, 8, 0, 0, 0),
    ],
)
def test_name_that_cannot_be_shown_is_refused(world: World, hello: Message) -> None:
    world.say(b"liar", hello)
    assert "that can be shown" in world.expect(b"liar", Refused).reason


@pytest.mark.parametrize("role", list(MAX_PEERS))
def test_more_peers_of_a_role_than_the_limit_are_refused(world: World, role: Role) -> None:
    def join() -> bytes:
        return world.publisher() if role is Role.PUBLISHER else world.worker(role, 10)

    for _ in range(MAX_PEERS[role]):
        world.expect(join(), Welcome)
    assert f"there are {MAX_PEERS[role]} {role}s" in world.expect(join(), Refused).reason


@pytest.mark.parametrize("slots", [-1, 0, MAX_SLOTS + 1, 2**62])
def test_ring_of_impossible_size_is_refused(world: World, slots: int) -> None:
    assert f"got {slots}" in world.expect(world.capture(slots=slots), Refused).reason


@pytest.mark.parametrize("capacity", [-1, 0, MAX_ITEMS + 1, 2**62])
def test_worker_of_impossible_capacity_is_refused(world: World, capacity: int) -> None:
    assert "capacity" in world.expect(world.classifier(capacity), Refused).reason


def test_capture_that_does_not_wait_for_releases_is_refused(world: World) -> None:
    capture = world.capture(mode=Mode.LOSSLESS, slots=24)
    for frame_id in range(100):
        world.say(capture, frame("cam", frame_id))
    reason = world.expect(capture, Refused).reason
    assert reason == "CAPTURE_CAMERA=cam: 24 frames at once were announced, and 25 have come"
    assert world.status().in_flight == 0, "a lossless capture sends them again"


def test_capture_that_waits_for_releases_may_send_for_ever(world: World) -> None:
    capture, detector, publisher = world.recording(interval=12)
    for first in range(0, 240, 24):
        for frame_id in range(first, first + 24):
            world.say(capture, frame("cam", frame_id))
        while run := world.take(detector, DetectRun):
            for item in run.frames:
                world.say(detector, faces_for(run.work_id, item, 0))
            world.publish(publisher)
    assert world.status().published == 240


def picture(camera: str, frame_id: int, size: int) -> Frame:
    return structs.replace(frame(camera, frame_id), picture=bytes(size))


def test_pictures_of_all_captures_together_are_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "MAX_PICTURE_BYTES", 10_000)
    first, second = (world.capture(name, Mode.LOSSLESS) for name in ("a", "b"))
    for frame_id in range(2):
        world.say(first, picture("a", frame_id, 4_000))
    world.say(second, picture("b", 0, 4_000))
    assert "FRAME_TRANSPORT=inline" in world.expect(second, Refused).reason
    world.lose(first)
    assert world.scheduler.state.picture_bytes == 0


def test_pictures_that_have_been_released_are_not_counted(world: World) -> None:
    capture, detector, _, publisher = world.stages()
    for frame_id in range(5):
        world.say(capture, picture("cam", frame_id, 1_000))
    world.detect(detector, faces=0)
    world.detect(detector, faces=0)
    world.publish(publisher)
    assert len(world.releases(capture)) == 5
    assert world.scheduler.state.picture_bytes == 0


def test_reason_of_a_camera_is_shown_and_kept_short(world: World) -> None:
    capture = world.capture()
    world.say(capture, CameraState("cam", online=False, reason="gone\x1b[31m" + "x" * 60_000))
    reason = world.status().reason
    assert reason.startswith(r"gone\x1b[31m")
    assert len(reason) < 1_000


def test_live_recording_is_told_whom_it_awaits_until_nobody_is_missing(world: World) -> None:
    capture = world.capture(is_recording=True)
    awaited = [(Role.DETECTOR, Role.CLASSIFIER, Role.PUBLISHER)]
    assert world.expect(capture, Welcome).awaited == awaited[0]
    for join, left in (
        (world.classifier, (Role.DETECTOR, Role.PUBLISHER)),
        (world.classifier, (Role.DETECTOR, Role.PUBLISHER)),
        (world.publisher, (Role.DETECTOR,)),
        (world.detector, ()),
    ):
        join()
        assert [welcome.awaited for welcome in world.take_all(capture, Welcome)] == [left]
    world.detector()
    assert world.take(capture, Welcome) is None, "it plays, and is told no more"


def test_camera_and_lossless_recording_wait_for_nobody(world: World) -> None:
    for number, (mode, is_recording) in enumerate(((Mode.LIVE, False), (Mode.LOSSLESS, True))):
        capture = world.capture(f"cam{number}", mode, is_recording=is_recording)
        assert world.expect(capture, Welcome).awaited == ()
