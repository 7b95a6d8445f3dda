"""Which keys a process uses, and that none goes beyond this machine without."""

from __future__ import annotations

import logging
from pathlib import Path

from common.config import BrokerSettings
from common.endpoint import connect_address, leaves_this_machine
from common.errors import ConfigError
from common.keys.files import PeerKey, read_peer_key

log = logging.getLogger(__name__)


def key_of_peer(settings: BrokerSettings) -> PeerKey | None:
    """Return the key to connect to the broker with, None where none is needed.

    Raises:
        ConfigError: One is needed and there is none, or there is one that cannot be used.
    """
    _refuse_unused(settings)
    if settings.keys is not None:
        return read_peer_key(settings.keys)
    if not settings.insecure and leaves_this_machine(connect_address(settings.endpoint)):
        raise ConfigError(
            f"BROKER_ENDPOINT={settings.endpoint} is on another machine, and faces would travel "
            "unencrypted to whoever is there: set BROKER_KEYS to the file that `python -m "
            "common.keys add` makes on that machine, or, where nobody else can reach the network, "
            "BROKER_INSECURE=1"
        )
    return None


def folder_of_broker(settings: BrokerSettings) -> Path | None:
    """Return the folder with the keys of those who may join, None where none is needed.

    Raises:
        ConfigError: One is needed and there is none, or there is one that cannot be used.
    """
    _refuse_unused(settings)
    if settings.keys is not None:
        if not settings.keys.is_dir():
            raise ConfigError(
                f"BROKER_KEYS={settings.keys}: the broker needs the folder that `python -m "
                "common.keys new` makes, not a file out of it"
            )
        return settings.keys
    if not leaves_this_machine(settings.endpoint):
        return None
    if not settings.insecure:
        raise ConfigError(
            f"BROKER_ENDPOINT={settings.endpoint} can be reached from other machines: make keys "
            "with `python -m common.keys new keys` and set BROKER_KEYS=keys, or, where nobody "
            "else can reach the network, BROKER_INSECURE=1"
        )
    log.warning(
        "BROKER_INSECURE=1: whoever reaches %s sees faces and can take part", settings.endpoint
    )
    return None


def _refuse_unused(settings: BrokerSettings) -> None:
    """Let nobody believe that keys keep others out, or let them in, where none is asked for."""
    if settings.keys is not None and not settings.endpoint.startswith("tcp://"):
        raise ConfigError(
            f"BROKER_KEYS={settings.keys}: keys are for tcp, and BROKER_ENDPOINT="
            f"{settings.endpoint} is a socket for processes of this user alone: set it to "
            "tcp://host:port, or leave BROKER_KEYS out"
        )
