"""Frames whose pixels cannot be read: their own camera's trouble, and nobody else's."""

from __future__ import annotations

import json
from itertools import count

import numpy as np
import pytest
import zmq

from common.config import BrokerSettings
from common.contract import Mode
from common.link import BrokerLink
from common.messages import CameraHello, Frame, Release
from common.ring_files import new_ring_path, ring_directory
from tests.publisher.uploading import encoded, post_images
from tests.support.pipeline import Pipeline
from tests.support.rings import rings_of
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e


SLOTS = 24


class Ghost:
    """A capture that announces frames in a ring that is not there."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str, mode: Mode) -> None:
        hello = CameraHello("ghost", f"ghost-{mode}", f"ghost-{mode}", mode, 0, SLOTS, 0, 0, 0)
        self._camera = hello.camera
        self._ring = str(new_ring_path(ring_directory()))
        self._link = BrokerLink(context, BrokerSettings(endpoint), lambda: hello)
        self._ids = count()
        self._in_hand = 0

    def step(self) -> None:
        if isinstance(self._link.receive(0.05), Release):
            self._in_hand -= 1
        if self._link.welcomed and self._in_hand < SLOTS:
            self._in_hand += 1
            frame_id = next(self._ids)
            slot = frame_id % SLOTS
            self._link.send(Frame(self._camera, frame_id, 0.0, 1, 1, 480, 640, self._ring, slot))

    def close(self) -> None:
        self._link.close()


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.LOSSLESS])
def test_a_ring_that_is_not_there_ends_nothing(
    context: zmq.Context[zmq.Socket[bytes]], mode: Mode
) -> None:
    with Pipeline("broker", "detector", "classifier", "publisher") as pipeline:
        eventually(lambda: pipeline.peers("detector"), "the detector")
        ghost = Ghost(context, pipeline.environ["BROKER_ENDPOINT"], mode)
        name = f"ghost-{mode}"
        eventually(
            lambda: pipeline.camera(name).get("dropped", {}).get("unreadable", 0) > 3,
            lambda: f"frames that are unreadable; log:\n{pipeline.log}",
            doing=ghost.step,
        )
        eventually(lambda: not pipeline.camera(name)["online"], doing=ghost.step)
        assert "no detector can read its frames" in pipeline.camera(name)["reason"]
        with pipeline.worker("capture"):
            eventually(
                lambda: pipeline.camera().get("published", 0) >= 10,
                lambda: f"frames of another camera; log:\n{pipeline.log}",
                doing=ghost.step,
            )
        answer = post_images(pipeline.url, encoded(np.zeros((48, 48, 3), np.uint8)))
        assert "images" in json.loads(answer.body)
        ghost.close()
        assert pipeline.process.poll() is None
        assert "FRAME_TRANSPORT=inline" in pipeline.log


def test_a_ring_that_is_deleted_while_a_new_detector_comes_costs_a_few_frames() -> None:
    with Pipeline(DETECTOR_WORKERS="1") as pipeline:
        pipeline.wait_published(10)
        (capture,) = pipeline.processes("capture.stage")
        (lost,) = rings_of(capture)
        lost.unlink()
        pipeline.kill("detector.stage")
        pipeline.wait_published(pipeline.camera()["published"] + 30)
        assert pipeline.camera()["online"]
        assert rings_of(capture)
        assert pipeline.process.poll() is None
        pipeline.interrupt()
        pipeline.assert_nothing_left()
