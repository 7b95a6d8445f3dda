"""Whatever happens to cameras, workers and publishers, each image comes to one end, and to one."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from common.contract import Outcome
from common.messages import AnalyzeImage, ImageAnswer, ImageStatus
from tests.common.broker.test_scheduler_properties import PipelineMachine
from tests.common.broker.world import frame

IMAGE = ""
"""The camera that the frame of an image names."""


class ImageMachine(PipelineMachine):
    """The pipeline's peers, and publishers that also upload images."""

    def __init__(self) -> None:
        super().__init__()
        self.held[IMAGE] = {}
        self.uploaded: dict[int, bytes] = {}
        self.outcomes: dict[int, str] = {}

    @precondition(lambda self: bool(self.publishers))
    @rule(data=st.data(), count=st.integers(1, 4))
    def images_are_uploaded(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            peer = data.draw(st.sampled_from(list(self.publishers)))
            number = len(self.uploaded)
            self.uploaded[number] = peer
            self.held[IMAGE][number] = frame(IMAGE, number)
            self._say(peer, AnalyzeImage(number, 480, 640, b"jpeg"))

    @rule()
    def everybody_waits_long(self) -> None:
        self.world.let_everybody_wait(6)
        self._collect()

    @invariant()
    def ledger_of_images_holds(self) -> None:
        status = self.status()
        ends = list(self.outcomes.values())
        assert status.analyzed == ends.count(Outcome.ANALYZED)
        assert status.failed == ends.count(Outcome.FAILED)
        assert status.late == ends.count(Outcome.LATE)
        assert status.refused == ends.count(Outcome.REFUSED)
        assert status.taken + status.refused == len(self.uploaded)
        ended = status.analyzed + status.failed + status.late + status.lost
        assert status.taken == ended + status.in_flight

    def teardown(self) -> None:
        super().teardown()
        if self.captures:
            assert self.status().in_flight == 0
            unanswered = self.uploaded.keys() - self.outcomes.keys()
            assert len(unanswered) == self.status().lost
            assert not {self.uploaded[number] for number in unanswered} & self.publishers.keys()

    def status(self) -> ImageStatus:
        return self.world.scheduler.report(self.world.now_ns).images

    def _collect(self) -> None:
        for peer in self.publishers:
            answers = [m for m in self.world.inbox[peer] if isinstance(m, ImageAnswer)]
            for answer in answers:
                number = answer.request_id
                assert self.uploaded[number] == peer, "an answer to somebody else's question"
                assert number not in self.outcomes, "a second answer"
                self.outcomes[number] = answer.outcome
                assert len(answer.boxes) == len(answer.probabilities)
                assert set(answer.probabilities[:, 0].tolist()) <= {number % 256}
                if answer.outcome is not Outcome.ANALYZED:
                    assert answer.reason
                    assert len(answer.boxes) == 0
        super()._collect()


ImageMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=50, derandomize=True
)
TestImages = ImageMachine.TestCase
