"""Settings of the broker."""

from __future__ import annotations

from dataclasses import dataclass

from common.config import BrokerSettings, integer, setting


@dataclass(frozen=True, slots=True)
class BrokerConfig(BrokerSettings):
    """The broker: the one address, the queues, and the ledger of every frame."""

    max_frame_age_ms: int = setting(
        "MAX_FRAME_AGE_MS",
        500,
        integer(20, 60_000),
        "live: a frame not detected after so many milliseconds is dropped, one not classified "
        "after half as many goes on with the last labels",
    )
