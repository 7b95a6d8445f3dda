"""The broker's process."""

from __future__ import annotations

import time

from common.broker.config import BrokerConfig
from common.broker.gate import Gate
from common.broker.loop import BrokerLoop
from common.broker.scheduler import Scheduler
from common.endpoint import resolve_endpoint
from common.keys.files import read_broker_key
from common.keys.needed import folder_of_broker
from common.keys.watched import WatchedList
from common.lifetime import Lifetime
from common.messages import Restarts
from common.sockets import BrokerSocket, Context
from common.stage import run_stage


def make_broker(config: BrokerConfig, lifetime: Lifetime, context: Context) -> BrokerLoop:
    """Return a broker that listens; it asks the process to end when everything is done."""
    folder = folder_of_broker(config)
    key, allowed = (read_broker_key(folder), WatchedList(folder)) if folder else (None, None)
    socket = BrokerSocket(context, resolve_endpoint(config.endpoint), key)
    max_age_ns = config.max_frame_age_ms * 1_000_000
    restarts = Restarts(lifetime.restarts, lifetime.last_end)
    scheduler = Scheduler(max_age_ns, time.monotonic_ns(), restarts, by_honcho=lifetime.by_honcho)
    gate = None
    if socket.entrance is not None and allowed is not None:
        gate = Gate(socket.entrance, socket.connections, scheduler, allowed)
    return BrokerLoop(socket, scheduler, lifetime, gate)


if __name__ == "__main__":
    run_stage("common.broker", BrokerConfig, make_broker)
