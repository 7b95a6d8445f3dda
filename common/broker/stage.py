"""The broker's process."""

from __future__ import annotations

import logging
import time

import zmq

from common.broker.config import BrokerConfig
from common.broker.loop import BrokerLoop
from common.broker.scheduler import Scheduler
from common.config import load_config
from common.endpoint import resolve_endpoint
from common.lifetime import Lifetime, run_main, set_up_logging
from common.sockets import BrokerSocket

log = logging.getLogger(__name__)


def main() -> None:
    """Run the broker until it is stopped or everything is done."""
    config = load_config(BrokerConfig, "common.broker")
    set_up_logging("broker")
    lifetime = Lifetime()
    lifetime.catch_signals()
    with zmq.Context() as context:
        socket = BrokerSocket(context, resolve_endpoint(config.endpoint))
        try:
            scheduler = Scheduler(config.max_frame_age_ms * 1_000_000, time.monotonic_ns())
            loop = BrokerLoop(socket, scheduler)
            while not lifetime.stop_requested and not loop.done:
                lifetime.beat()
                loop.step()
        finally:
            socket.close()


if __name__ == "__main__":
    run_main("broker", main)
