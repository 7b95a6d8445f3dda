"""Whatever peers that lie say: honest frames are accounted for, and little is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from common import wire
from common.broker.admission import MAX_CAMERAS, MAX_PEERS
from common.broker.desks.images import MAX_IMAGES
from common.contract import CAMERA_MODES, Cause, Mode, Role
from common.errors import MessageError
from common.messages import (
    MAX_INT,
    AnalyzeImage,
    Bye,
    CameraHello,
    CameraState,
    ClassifyBatch,
    DetectRun,
    EndOfSource,
    Expressions,
    Faces,
    Finish,
    Frame,
    FrameSkipped,
    Heartbeat,
    Message,
    Published,
    PublisherHello,
    Release,
    Result,
    Status,
    Welcome,
    WhoAreYou,
    WorkerHello,
    WorkFailed,
)
from tests.common.broker.world import World, assert_ledger, expressions_for, faces_for, frame

SLOTS = 24
FRAMES = 40
LIARS = [b"liar%d" % number for number in range(4)]

numbers = st.sampled_from([0, 1, 2, 3, 5, 23, 24, 25, 255, 256, -1, MAX_INT, -MAX_INT, 2**31])
few = st.integers(0, 3)
names = st.sampled_from(["honest", "other", "third", "", "x" * 64, "x" * 256, "a\nb", "\u202e"])
texts = st.sampled_from(["", "no", "x" * 2000, "\x1b[31m"])
causes = st.sampled_from(list(Cause))


def faces_of(work_id: int, frame_id: int, count: int) -> Faces:
    return faces_for(work_id, frame("", frame_id), count)


def expressions_of(work_id: int, count: int) -> Expressions:
    return Expressions(work_id, np.ones((count, 7), np.float32))


LIES: st.SearchStrategy[Any] = st.one_of(
    st.builds(WorkerHello, st.sampled_from(list(Role)), names, names, numbers),
    st.builds(
        CameraHello,
        *(names, names, names, st.sampled_from(list(Mode))),
        *(numbers for _ in range(5)),
        st.dictionaries(causes, numbers, max_size=2),
    ),
    st.builds(PublisherHello, names, names, st.dictionaries(names, numbers, max_size=2)),
    st.builds(
        Frame,
        *(names, numbers, st.just(0.0)),
        *(numbers for _ in range(4)),
        *(names, numbers, st.sampled_from([b"", b"x" * 1000])),
    ),
    st.builds(FrameSkipped, names, numbers, causes),
    st.builds(CameraState, names, st.booleans(), texts),
    st.builds(EndOfSource, names),
    st.builds(faces_of, numbers, numbers, few),
    st.builds(expressions_of, numbers, few),
    st.builds(WorkFailed, numbers, texts),
    st.builds(Published, names, numbers),
    st.builds(AnalyzeImage, numbers, numbers, numbers, st.sampled_from([b"", b"x" * 1000])),
    st.builds(Status, numbers, st.just(1e300), numbers),
    st.sampled_from([Bye(), Heartbeat(), Finish(), WhoAreYou(), Welcome(MAX_INT)]),
)
JOINS: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        CameraHello,
        *(st.just("liar"), st.sampled_from(LIARS).map(bytes.decode)),
        *(st.sampled_from(["other", "third"]), st.sampled_from(CAMERA_MODES), numbers),
        *(st.sampled_from([1, 24, 256]), *(st.sampled_from([0, 0, 0, MAX_INT]) for _ in range(3))),
    ),
    st.builds(WorkerHello, st.just(Role.DETECTOR), st.just("liar"), names, st.just(4)),
    st.builds(WorkerHello, st.just(Role.CLASSIFIER), st.just("liar"), names, st.integers(1, 9)),
    st.builds(PublisherHello, st.just("liar"), names),
)
"""Hellos of which most are good."""


class HostileMachine(RuleBasedStateMachine):
    """Four honest peers, one of each role, who go on; and four that say anything."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.next_id = 0
        self.released: set[int] = set()
        self.published: list[int] = []
        self.heard: list[Message] = []

    @initialize()
    def honest_peers_join(self) -> None:
        self.capture = self.world.capture("honest", Mode.LOSSLESS, SLOTS)
        self.detector, self.classifier = self.world.detector(4), self.world.classifier(5)
        self.publisher = self.world.publisher()

    @rule(liar=st.sampled_from(LIARS), lie=LIES)
    def liar_says(self, liar: bytes, lie: Message) -> None:
        self._lie(liar, lie)

    @rule(liar=st.sampled_from(LIARS), hello=JOINS)
    def liar_joins(self, liar: bytes, hello: Message) -> None:
        self._lie(liar, hello)

    @rule(liar=st.sampled_from(LIARS), first=numbers, count=st.sampled_from([1, 5, 300]))
    def liar_captures(self, liar: bytes, first: int, count: int) -> None:
        """Send as many frames of its camera, waiting for nothing."""
        peer = self.world.scheduler.state.peers.get(liar)
        for number in range(count if peer and peer.camera else 0):
            assert peer is not None
            self._lie(liar, frame(peer.camera, min(MAX_INT, first + number)))

    @rule(liar=st.sampled_from(LIARS), count=few)
    def liar_works(self, liar: bytes, count: int) -> None:
        """Answer what it has been handed, with as many faces as it likes."""
        if run := self.world.take(liar, DetectRun):
            for item in run.frames:
                self._lie(liar, faces_for(run.work_id, item, count))
        if batch := self.world.take(liar, ClassifyBatch):
            self._lie(liar, expressions_of(batch.work_id, count))

    @rule(liar=st.sampled_from(LIARS), at=st.integers(0, 20))
    def liar_repeats_what_others_said(self, liar: bytes, at: int) -> None:
        if self.heard:
            self._lie(liar, self.heard[-1 - at % len(self.heard)])

    @rule(liar=st.sampled_from(LIARS))
    def liar_vanishes(self, liar: bytes) -> None:
        self.world.lose(liar)

    @rule(count=st.integers(1, 8))
    def frames_are_captured(self, count: int) -> None:
        for _ in range(count):
            in_hand = self.next_id - len(self.released)
            if in_hand < SLOTS and self.next_id < FRAMES:
                self._say(self.capture, frame("honest", self.next_id))
                self.next_id += 1
        self._collect_releases()

    @rule(faces=st.integers(0, 2))
    def honest_peers_work(self, faces: int) -> None:
        self._work(faces)

    @rule(ms=st.sampled_from([1, 30, 260, 1000]))
    def time_passes(self, ms: int) -> None:
        self._pass_time(ms)

    @invariant()
    def ledgers_hold_and_little_is_kept(self) -> None:
        state = self.world.scheduler.state
        assert len(state.cameras) <= MAX_CAMERAS
        assert len(state.peers.all()) <= MAX_CAMERAS + sum(MAX_PEERS.values())
        for camera in state.cameras.values():
            assert_ledger(camera.status())
            assert len(camera.jobs) <= camera.slots
            assert len(camera.line) <= camera.slots
            assert len(camera.reason) < 1_000
        for peer in state.peers.all():
            assert len(peer.frame_bytes) <= max(peer.slots, 0)
        held = sum(sum(peer.frame_bytes.values()) for peer in state.peers.all())
        assert state.picture_bytes == held
        assert self.world.scheduler.report(self.world.now_ns).images.in_flight <= MAX_IMAGES
        self.world.deliver()

    @invariant()
    def honest_peers_can_read_what_they_are_told(self) -> None:
        for peer in self._honest():
            for message in self.world.inbox[peer]:
                wire.decode(wire.encode(message))

    def teardown(self) -> None:
        """With the liars silent every honest frame comes to its end, just once, and in order."""
        if not hasattr(self, "capture"):
            return
        self._say(self.capture, EndOfSource("honest"))
        for _ in range(30):
            self._work(1)
            self._pass_time(1000)
        status = self.world.status("honest")
        assert status.in_flight == 0, status
        assert status.captured == self.next_id == len(self.released)
        assert status.published + status.failed == status.captured
        assert self.published == list(range(self.next_id))

    def _honest(self) -> tuple[bytes, ...]:
        return self.capture, self.detector, self.classifier, self.publisher

    def _say(self, peer: bytes, message: Message) -> None:
        self.heard.append(message)
        self.world.say(peer, message)

    def _lie(self, liar: bytes, lie: Message) -> None:
        """Say it as the loop would take it."""
        try:
            self.world.say(liar, wire.decode(wire.encode(lie)))
        except MessageError:
            self.world.scheduler.bad_message(liar)
        self.world.deliver()

    def _work(self, faces: int) -> None:
        while run := self.world.take(self.detector, DetectRun):
            for item in run.frames:
                self._say(self.detector, faces_for(run.work_id, item, faces))
        while batch := self.world.take(self.classifier, ClassifyBatch):
            self._say(self.classifier, expressions_for(batch))
        for result in self.world.take_all(self.publisher, Result):
            if result.frame.camera == "honest":
                self.published.append(result.frame.frame_id)
            self._say(self.publisher, Published(result.frame.camera, result.frame.frame_id))
        self._collect_releases()

    def _collect_releases(self) -> None:
        for release in self.world.take_all(self.capture, Release):
            assert release.frame_id not in self.released, "released twice"
            self.released.add(release.frame_id)

    def _pass_time(self, ms: int) -> None:
        for peer in self._honest():
            self.world.say(peer, Status(0, 0.0, 0))
        self.world.pass_time(ms)
        self.world.scheduler.heartbeat()
        self.world.deliver()


HostileMachine.TestCase.settings = settings(
    max_examples=200, stateful_step_count=50, derandomize=True
)
TestHostile = HostileMachine.TestCase
