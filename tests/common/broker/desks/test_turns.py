"""Cameras take turns, in whatever order frames come and detectors answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.broker.admission import MAX_SLOTS
from common.contract import CAMERA_MODES, Mode
from common.messages import DetectRun
from tests.common.broker.world import World, faces_for, frame, ids

CAMERAS = [f"camera {number}" for number in range(4)]
DETECTORS = 2
INTERVAL = 3

ACTS = st.lists(st.sampled_from(CAMERAS) | st.integers(0, DETECTORS - 1), min_size=30, max_size=150)
"""The name of a camera that sends a frame, or the number of a detector that answers for one."""


class Turns:
    """A world of cameras and detectors, and who was passed over by whom.

    Attributes:
        passed_by: Of each camera with a run that waits, the cameras handed out since it does.
    """

    def __init__(self, mode: Mode) -> None:
        self._world = World()
        self._length = INTERVAL if mode is Mode.LOSSLESS else 1
        self._most_waiting = 1000 if mode is Mode.LOSSLESS else 1
        self._captures = {name: self._world.capture(name, mode, MAX_SLOTS) for name in CAMERAS}
        self._detectors = [self._world.detector(INTERVAL) for _ in range(DETECTORS)]
        self._unanswered: dict[bytes, DetectRun] = {}
        self._answered = dict.fromkeys(self._detectors, 0)
        self._sent = dict.fromkeys(CAMERAS, 0)
        self._waiting = dict.fromkeys(CAMERAS, 0)
        self.passed_by: dict[str, set[str]] = {}

    def send_frame(self, name: str) -> None:
        """Let a camera send its next frame, and see who is handed a run."""
        self._waiting[name] = min(self._waiting[name] + 1, self._most_waiting)
        self._see_whether_ready(name)
        self._world.say(self._captures[name], frame(name, self._sent[name]))
        self._sent[name] += 1
        self._see_who_is_handed_out()

    def answer(self, number: int) -> None:
        """Let a detector answer for a frame of its run, if it has one, and see who is next."""
        peer = self._detectors[number]
        run = self._unanswered.get(peer)
        if run is None:
            return
        self._world.say(peer, faces_for(run.work_id, run.frames[self._answered[peer]], 0))
        self._answered[peer] += 1
        if self._answered[peer] == len(run.frames):
            del self._unanswered[peer]
            self._see_who_is_handed_out()

    def _see_whether_ready(self, name: str) -> None:
        if self._waiting[name] >= self._length:
            self.passed_by.setdefault(name, set())

    def _see_who_is_handed_out(self) -> None:
        for peer in self._detectors:
            run = self._world.take(peer, DetectRun)
            if run is not None:
                self._unanswered[peer], self._answered[peer] = run, 0
                self._take_turn(run.frames[0].camera)
        assert not self.passed_by or len(self._unanswered) == DETECTORS, "a run waits for nothing"

    def _take_turn(self, name: str) -> None:
        assert name in self.passed_by, "a run that is not complete"
        del self.passed_by[name]
        self._waiting[name] -= self._length
        for other, passers in self.passed_by.items():
            assert name not in passers, f"{name} has a second turn while {other} waits for one"
            passers.add(name)
        self._see_whether_ready(name)


@pytest.mark.parametrize("mode", CAMERA_MODES)
@settings(max_examples=100, derandomize=True)
@given(acts=ACTS)
def test_nobody_has_a_second_turn_while_another_waits_for_its_first(
    mode: Mode, acts: list[str | int]
) -> None:
    turns = Turns(mode)
    for act in acts:
        if isinstance(act, str):
            turns.send_frame(act)
        else:
            turns.answer(act)


def test_detector_with_shorter_runs_takes_what_was_too_little_for_those_before() -> None:
    world = World()
    capture, detector = world.capture(mode=Mode.LOSSLESS), world.detector(interval=10)
    world.say_frames(capture, range(5))
    world.lose(detector)
    run = world.expect(world.detector(interval=5), DetectRun)
    assert ids(run.frames) == [0, 1, 2, 3, 4]
