"""What is said to be wrong, in data and in words."""

from __future__ import annotations

import pytest

from common.contract import Role
from publisher.live.problems import (
    NO_BROKER,
    NO_CAMERA,
    NO_WORKER,
    STUCK,
    Problem,
    ProblemKind,
    find_problems,
)
from tests.publisher.material import camera_status, pipeline

OFFLINE = camera_status("b", online=False, reason="unplugged")


def test_nothing_is_wrong_where_a_camera_gives_frames_or_has_ended() -> None:
    ended = camera_status("c", online=False, ended=True)
    for running in (camera_status(), ended):
        assert find_problems(True, True, pipeline(running, OFFLINE)) == ()


def test_without_a_broker_nothing_else_is_known() -> None:
    assert find_problems(True, False, pipeline()) == (NO_BROKER,)
    assert find_problems(True, True, None) == (NO_BROKER,)


def test_each_thing_that_is_missing_is_a_problem() -> None:
    found = find_problems(True, True, pipeline(roles=()))
    assert found == (NO_CAMERA, NO_WORKER[Role.DETECTOR], NO_WORKER[Role.CLASSIFIER])


def test_camera_that_is_offline_is_named_with_the_reason() -> None:
    (problem,) = find_problems(True, True, pipeline(OFFLINE))
    assert (problem.kind, problem.camera) == (ProblemKind.CAMERA_OFFLINE, "b")
    assert problem.text == "camera b is offline: unplugged"


def test_publisher_that_is_stuck_says_so_first() -> None:
    assert find_problems(False, True, pipeline()) == (STUCK, NO_CAMERA)


@pytest.mark.parametrize("problem", [NO_BROKER, NO_CAMERA, *NO_WORKER.values()])
def test_what_is_to_be_typed_stands_in_the_text(problem: Problem) -> None:
    assert problem.command
    assert problem.command in problem.text
