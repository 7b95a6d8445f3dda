"""A capture stage and its broker, which the test runs step by step."""

from __future__ import annotations

from collections.abc import Callable

import zmq

from capture.config import CaptureConfig
from capture.open_feed import open_feed
from capture.stage import CaptureStage
from common.config import load_config
from common.lifetime import Lifetime
from tests.capture.camera_broker import CameraBroker
from tests.support.waiting import eventually


class Rig:
    """Has a broker from the beginning, and a stage once ``start`` was called."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> None:
        self._context = context
        self._endpoint = endpoint
        self.lifetime = Lifetime()
        self.broker = CameraBroker(context, endpoint)
        self.stage: CaptureStage | None = None

    def start(self, **variables: str) -> CaptureStage:
        """Start the stage, with settings given as environment variables."""
        variables["BROKER_ENDPOINT"] = self._endpoint
        config = load_config(CaptureConfig, "capture", [], variables)
        feed = open_feed(config, self.lifetime)
        self.stage = CaptureStage(config, self.lifetime, feed, self._context)
        return self.stage

    def restart_broker(self) -> CameraBroker:
        """Start a broker that remembers nothing in place of the one that runs or ran."""
        self.broker.close()
        self.broker = CameraBroker(self._context, self._endpoint)
        return self.broker

    def until(self, condition: Callable[[], object]) -> None:
        """Let stage and broker work in turn until the condition holds."""
        assert self.stage is not None
        eventually(condition, doing=(self.stage.step, self.broker.serve))

    def close(self) -> None:
        if self.stage is not None:
            self.stage.close()
        self.broker.close()
