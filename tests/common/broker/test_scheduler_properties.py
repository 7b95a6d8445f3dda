"""Any order of arrivals, deaths and late answers keeps the ledger, the order and redelivery."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.contract import Cause, Mode
from common.messages import (
    Bye,
    CameraHello,
    ClassifyBatch,
    DetectRun,
    EndOfSource,
    Frame,
    Message,
    Published,
    Release,
    Result,
    Status,
    Welcome,
    WorkFailed,
)
from tests.common.broker.world import World, assert_ledger, expressions_for, faces_for, frame

INTERVAL = 4
SLOTS = 9
CAMERAS = {"live": Mode.LIVE, "file": Mode.LOSSLESS}


class PipelineMachine(RuleBasedStateMachine):
    """Peers that do anything a peer can do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.captures: dict[str, bytes] = {}
        self.next_id: dict[str, int] = defaultdict(int)
        self.held: dict[str, dict[int, Frame]] = {name: {} for name in CAMERAS}
        self.first_id: dict[str, int] = {}
        self.ended: set[str] = set()
        self.detectors: dict[bytes, list[tuple[int, Frame]]] = {}
        self.classifiers: dict[bytes, list[ClassifyBatch]] = {}
        self.graves: list[tuple[bytes, ClassifyBatch]] = []
        self.publishers: dict[bytes, list[Result]] = {}
        self.recorded: dict[str, int] = {}

    @initialize()
    def cameras_join(self) -> None:
        for name in CAMERAS:
            self._join_capture(name)

    def _join_capture(self, name: str) -> None:
        peer = self.world.new_identity()
        self.world.say(
            peer, CameraHello("c", f"instance-{name}", name, CAMERAS[name], 0, SLOTS, 0, 0, 0)
        )
        welcome = self.world.expect(peer, Welcome)
        self.captures[name] = peer
        self.held[name].clear()
        self.next_id[name] = self.first_id[name] = welcome.next_frame_id
        self.ended.discard(name)
        self._collect()

    # --- what arrives ---------------------------------------------------------------------------

    @rule(name=st.sampled_from(sorted(CAMERAS)), count=st.integers(1, 6))
    def frames_are_captured(self, name: str, count: int) -> None:
        for _ in range(count):
            if name in self.ended or len(self.held[name]) >= SLOTS:
                return
            item = frame(name, self.next_id[name])
            self.next_id[name] += 1
            self.held[name][item.frame_id] = item
            self._say(self.captures[name], item)

    @rule()
    def recording_ends(self) -> None:
        """It is no shorter than before its capture was restarted."""
        self.frames_are_captured("file", self.world.status("file").captured - self.next_id["file"])
        self.ended.add("file")
        self._say(self.captures["file"], EndOfSource("file"))

    @rule(name=st.sampled_from(sorted(CAMERAS)))
    def capture_is_restarted(self, name: str) -> None:
        if name not in self.ended:
            self._join_capture(name)

    @rule()
    def detector_joins(self) -> None:
        if len(self.detectors) < 3:
            self.detectors[self.world.detector(INTERVAL)] = []
            self._collect()

    @rule(batch=st.integers(1, 5))
    def classifier_joins(self, batch: int) -> None:
        if len(self.classifiers) < 3:
            self.classifiers[self.world.classifier(batch)] = []
            self._collect()

    @rule()
    def publisher_joins(self) -> None:
        if len(self.publishers) < 2:
            self.publishers[self.world.publisher(dict(self.recorded))] = []
            self._collect()

    @precondition(lambda self: any(self.detectors.values()))
    @rule(data=st.data(), faces=st.integers(0, 3))
    def detector_answers(self, data: st.DataObject, faces: int) -> None:
        peer = data.draw(st.sampled_from([p for p, work in self.detectors.items() if work]))
        self._detect(peer, faces)

    @precondition(lambda self: any(self.classifiers.values()))
    @rule(data=st.data())
    def classifier_answers(self, data: st.DataObject) -> None:
        peer = data.draw(st.sampled_from([p for p, work in self.classifiers.items() if work]))
        self._classify(peer)

    @precondition(lambda self: any(self.publishers.values()))
    @rule(data=st.data())
    def publisher_acknowledges(self, data: st.DataObject) -> None:
        peer = data.draw(st.sampled_from([p for p, work in self.publishers.items() if work]))
        self._publish(peer)

    # --- what goes wrong ------------------------------------------------------------------------

    @precondition(lambda self: bool(self.detectors or self.classifiers))
    @rule(data=st.data())
    def worker_dies(self, data: st.DataObject) -> None:
        peer = data.draw(st.sampled_from([*self.detectors, *self.classifiers]))
        self.detectors.pop(peer, None)
        for batch in self.classifiers.pop(peer, []):
            self.graves.append((peer, batch))
        self.world.lose(peer)
        self._collect()

    @precondition(lambda self: any(self.detectors.values()))
    @rule(data=st.data())
    def detector_cannot_read(self, data: st.DataObject) -> None:
        peer = data.draw(st.sampled_from([p for p, work in self.detectors.items() if work]))
        work_id, _ = self.detectors[peer][0]
        self.detectors[peer].clear()
        self._say(peer, WorkFailed(work_id, "the ring is gone"))

    @precondition(lambda self: bool(self.graves))
    @rule()
    def the_dead_speak(self) -> None:
        peer, batch = self.graves.pop()
        self._say(peer, expressions_for(batch))

    @precondition(lambda self: bool(self.publishers))
    @rule(data=st.data())
    def publisher_dies(self, data: st.DataObject) -> None:
        peer = data.draw(st.sampled_from(list(self.publishers)))
        del self.publishers[peer]
        self.world.lose(peer)
        self._collect()

    @precondition(lambda self: bool(self.publishers))
    @rule(data=st.data())
    def publisher_leaves(self, data: st.DataObject) -> None:
        peer = data.draw(st.sampled_from(list(self.publishers)))
        del self.publishers[peer]
        self._say(peer, Bye())

    @rule(ms=st.sampled_from([1, 30, 260, 600]))
    def time_passes(self, ms: int) -> None:
        for peer in (*self.captures.values(), *self.detectors, *self.classifiers, *self.publishers):
            self._say(peer, Status(0, 0.0, 0))
        self.world.pass_time(ms)
        self._collect()

    # --- what always holds ----------------------------------------------------------------------

    @invariant()
    def ledger_holds(self) -> None:
        for camera in self.world.scheduler.state.cameras.values():
            assert_ledger(camera.status())

    @invariant()
    def nothing_that_is_possible_is_left_undone(self) -> None:
        assert self.world.look_at_everything() == []

    def teardown(self) -> None:
        """With healthy workers everything comes to its end, and every lossless frame just once."""
        if not self.captures:
            return
        self.recording_ends()
        self.detector_joins()
        self.classifier_joins(batch=4)
        self.publisher_joins()
        for _ in range(3):  # in between, publishers that died are waited for
            while self._work_once():
                continue
            self.world.let_everybody_wait(6)
            self._collect()
        status = self.world.status("file")
        assert status.in_flight == 0
        causes = (Cause.PUBLISHER_LOST, Cause.UNREADABLE)
        lost = sum(status.dropped.get(cause, 0) for cause in causes)
        assert status.published + status.failed + lost == status.captured == self.next_id["file"]
        assert_ledger(self.world.status("live"))
        assert not self.held["file"]

    def _work_once(self) -> bool:
        for peers, work in (
            (self.detectors, self._detect),
            (self.classifiers, self._classify),
            (self.publishers, self._publish),
        ):
            busy = next((peer for peer, in_hand in peers.items() if in_hand), None)
            if busy is not None:
                work(busy)
                return True
        return False

    def _detect(self, peer: bytes, faces: int = 1) -> None:
        work_id, item = self.detectors[peer].pop(0)
        self._say(peer, faces_for(work_id, item, faces))

    def _classify(self, peer: bytes) -> None:
        self._say(peer, expressions_for(self.classifiers[peer].pop(0)))

    def _publish(self, peer: bytes) -> None:
        item = self.publishers[peer].pop(0).frame
        self.recorded[item.camera] = max(item.frame_id, self.recorded.get(item.camera, -1))
        self._say(peer, Published(item.camera, item.frame_id))

    def _say(self, peer: bytes, message: Message) -> None:
        self.world.say(peer, message)
        self._collect()

    def _collect(self) -> None:
        """Hand the peers what they have been sent, checking the order and the slots."""
        for peer, work in self.detectors.items():
            for run in self.world.take_all(peer, DetectRun):
                ids = [item.frame_id for item in run.frames]
                assert ids == sorted(ids)
                assert len({item.camera for item in run.frames}) == 1
                for item in run.frames:
                    in_ring = self.held[item.camera].get(item.frame_id)
                    assert in_ring is not None, "a detector reads a slot that was given back"
                work.extend((run.work_id, item) for item in run.frames)
        for peer, batches in self.classifiers.items():
            batches.extend(self.world.take_all(peer, ClassifyBatch))
        for peer, results in self.publishers.items():
            for result in self.world.take_all(peer, Result):
                name, frame_id = result.frame.camera, result.frame.frame_id
                if results and results[-1].frame.camera == name:
                    assert frame_id > results[-1].frame.frame_id, "out of order"
                for row, reused in zip(result.probabilities, result.reused, strict=True):
                    assert reused or row[0] == frame_id % 256, "probabilities of another face"
                results.append(result)
        for name, peer in self.captures.items():
            for release in self.world.take_all(peer, Release):
                assert release.camera == name
                if release.frame_id >= self.first_id[name]:  # not of the capture before
                    assert release.frame_id in self.held[name], "a slot was given back twice"
                    del self.held[name][release.frame_id]


PipelineMachine.TestCase.settings = settings(
    max_examples=300, stateful_step_count=60, derandomize=True
)
TestPipeline = PipelineMachine.TestCase
