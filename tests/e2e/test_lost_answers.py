"""Answers that get lost between peers that live: the broker asks again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.lossless_runs import Reference, analyse
from tests.support.patched import patched_path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]  # waits for limits of seconds

LOSING = """
import sys
from itertools import count

LOST = {  # of each, from which on so many; of the publisher all that it may hold, at the same time
    "classifier.stage": ("Expressions", 25, 1),
    "publisher.stage": ("Published", 5, 16),
}
stage = next((word for word in sys.orig_argv if word.endswith(".stage")), "")
if stage in LOST:
    from common.link import BrokerLink

    send, (kind, first, lost), numbers = BrokerLink.send, LOST[stage], count()

    def losing(link, message):
        if type(message).__name__ == kind and first <= next(numbers) < first + lost:
            return True
        return send(link, message)

    BrokerLink.send = losing
"""


def test_stages_that_live_and_whose_answers_are_lost_are_asked_again(
    clip: Path, tmp_path: Path, reference: Reference
) -> None:
    results = tmp_path / "talk.csv"
    path = patched_path(tmp_path, LOSING)
    one_each = {"DETECTOR_WORKERS": "1", "CLASSIFIER_WORKERS": "1"}
    with analyse(clip, results, PYTHONPATH=path, **one_each) as pipeline:
        assert pipeline.wait(120) == 0, pipeline.log
        pipeline.assert_nothing_left()
    silent = re.findall(r"(\w+) \S+ does not answer what it has in hand", pipeline.log)
    assert set(silent) == {"classifier", "publisher"}  # once each, or more where less flows
    assert "starting it again" not in pipeline.log
    assert results.read_text() == reference.path.read_text()
