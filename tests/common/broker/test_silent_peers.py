"""Peers that are heard no more, as those of a host whose link is cut."""

import pytest

from common.contract import Mode, Role
from common.messages import ClassifyBatch, DetectRun, Status
from tests.common.broker.world import World

STEP_MS = 20
WORKERS = 8


def say_hello_in_turn(world: World, role: Role) -> list[bytes]:
    """Let workers join one after the other, as they would be heard from within a second."""
    joined = []
    for _ in range(WORKERS):
        world.pass_time(1000 / WORKERS)
        joined.append(world.worker(role, 1))
    return joined


def wait_without(world: World, heard: tuple[bytes, ...], seconds: float) -> None:
    """Pass time in which only these are heard."""
    for step in range(round(seconds * 1000 / STEP_MS)):
        if step * STEP_MS % 500 == 0:
            for peer in heard:
                world.say(peer, Status(0, 0.0, 0))
        world.pass_time(STEP_MS)


def test_faces_are_not_handed_from_one_classifier_that_is_cut_off_to_the_next(
    world: World,
) -> None:
    capture, detector, publisher = world.recording()
    say_hello_in_turn(world, Role.CLASSIFIER)
    world.detect_frames(capture, detector, [0], faces=1)
    wait_without(world, (capture, detector, publisher), 4)
    assert not world.scheduler.state.peers.of_role(Role.CLASSIFIER)
    world.classify(world.classifier())
    (result,) = world.publish(publisher)
    assert not result.failed
    assert world.status().failed == 0


def test_frames_are_not_handed_from_one_detector_that_is_cut_off_to_the_next(
    world: World,
) -> None:
    capture, publisher = world.capture(mode=Mode.LOSSLESS), world.publisher()
    say_hello_in_turn(world, Role.DETECTOR)
    world.say_frames(capture, [0])
    wait_without(world, (capture, publisher), 4)
    assert not world.scheduler.state.peers.of_role(Role.DETECTOR)
    world.detect(world.detector(interval=1), faces=0)
    (result,) = world.publish(publisher)
    assert not result.failed


@pytest.mark.parametrize(
    ("role", "kind"), [(Role.CLASSIFIER, ClassifyBatch), (Role.DETECTOR, DetectRun)]
)
def test_worker_that_was_not_heard_for_a_while_gets_work_as_soon_as_it_is(
    world: World, role: Role, kind: type[ClassifyBatch | DetectRun]
) -> None:
    capture, publisher = world.capture(mode=Mode.LOSSLESS), world.publisher()
    late = world.worker(role, 1)
    others = [capture, publisher] + ([world.detector(1)] if role is Role.CLASSIFIER else [])
    wait_without(world, tuple(others), 2)
    world.say_frames(capture, [0])
    if role is Role.CLASSIFIER:
        world.detect(others[-1])
    assert world.take(late, kind) is None
    world.say(late, Status(0, 0.0, 0))
    world.expect(late, kind)
