"""Tests of capture.outgoing and capture.ledger."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from capture.outgoing import OutgoingFrames
from capture.slots import RingSlots
from capture.sources.source import CapturedFrame
from common.contract import Cause, Fate
from tests.support import media

SLOTS = 4
SIZES = [(8, 6), (10, 6)]


class OutgoingMachine(RuleBasedStateMachine):
    """Does to the frames, in any order, whatever a broker and a source can do."""

    def __init__(self) -> None:
        super().__init__()
        self.outgoing = OutgoingFrames("cam", RingSlots(SLOTS))
        self.numbers: list[int] = []
        self.settled: set[int] = set()

    def teardown(self) -> None:
        self.outgoing.close()

    @rule(size=st.sampled_from(SIZES))
    def capture(self, size: tuple[int, int]) -> None:
        before = self.outgoing.ledger.captured
        frame = self.outgoing.add(CapturedFrame(media.picture(1, *size), 0.0))
        if frame is None:
            assert self.outgoing.ledger.in_flight == SLOTS
            assert self.outgoing.ledger.captured == before
        else:
            self.numbers.append(frame.frame_id)

    @rule()
    def skip(self) -> None:
        number = self.outgoing.skip(Cause.RING_FULL)
        self.numbers.append(number)
        self.settled.add(number)

    @rule(
        frame_id=st.integers(-1, 40),
        fate=st.sampled_from([Fate.PUBLISHED, Fate.FAILED, Fate.DROPPED]),
    )
    def release(self, frame_id: int, fate: Fate) -> None:
        self.outgoing.settle(frame_id, fate, Cause.TOO_OLD if fate is Fate.DROPPED else None)
        if frame_id in self.numbers:
            self.settled.add(frame_id)

    @rule()
    def send(self) -> None:
        for frame in self.outgoing.unsent():
            self.outgoing.mark_sent(frame.frame_id)
        assert self.outgoing.unsent() == []

    @rule()
    def broker_forgets(self) -> None:
        self.outgoing.mark_all_unsent()
        numbers = [frame.frame_id for frame in self.outgoing.unsent()]
        assert numbers == sorted(set(self.numbers) - self.settled)

    @rule()
    def broker_restarts_live(self) -> None:
        self.outgoing.drop_all(Cause.BROKER_RESTART)
        self.settled = set(self.numbers)
        assert self.outgoing.ledger.in_flight == 0

    @rule(frame_id=st.integers(0, 10))
    def count_from(self, frame_id: int) -> None:
        self.outgoing.count_from(frame_id)

    @invariant()
    def every_frame_is_in_exactly_one_place(self) -> None:
        ledger = self.outgoing.ledger
        fates = ledger.published + ledger.failed + sum(ledger.dropped.values())
        assert ledger.captured == len(self.numbers)
        assert fates == len(self.settled)
        assert ledger.in_flight == len(set(self.numbers) - self.settled) <= SLOTS

    @invariant()
    def numbers_only_grow(self) -> None:
        assert self.numbers == sorted(set(self.numbers))


TestOutgoingFrames = OutgoingMachine.TestCase
TestOutgoingFrames.settings = settings(max_examples=60, stateful_step_count=40, derandomize=True)


def test_a_resumed_recording_counts_what_was_published_before() -> None:
    outgoing = OutgoingFrames("cam", RingSlots(SLOTS))
    outgoing.ledger.captured = outgoing.ledger.published = 7
    outgoing.count_from(7)
    frame = outgoing.add(CapturedFrame(media.picture(1), 0.25))
    assert frame is not None
    assert (frame.frame_id, frame.pts_s, frame.height, frame.width) == (7, 0.25, 48, 64)
    assert outgoing.ledger.captured == 8
    outgoing.close()
