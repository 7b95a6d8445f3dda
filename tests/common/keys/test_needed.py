from __future__ import annotations

import logging
from pathlib import Path

import pytest

from common.config import BrokerSettings
from common.errors import ConfigError
from common.keys.files import read_peer_key
from common.keys.folder import make_folder
from common.keys.needed import folder_of_broker, key_of_peer

LOOPBACK = [
    "tcp://127.0.0.1:5555",
    "tcp://127.1:5555",
    "tcp://127.77.3.2:5555",
    "tcp://2130706433:5555",
    "tcp://0x7f.1:5555",
    "tcp://localhost:5555",
    "tcp://[::1]:5555",
]
BEYOND = [
    "tcp://0.0.0.1:5555",
    "tcp://192.0.2.7:5555",
    "tcp://3221225985:5555",
    "tcp://127.0.0.1.example.invalid:5555",
    "tcp://127.0.0.1;192.0.2.7:5555",
]
EVERYWHERE = [
    "tcp://*:5555",
    "tcp://0.0.0.0:5555",
    "tcp://0:5555",
    "tcp://0x0:5555",
    "tcp://[::]:5555",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.mark.parametrize("endpoint", [*LOOPBACK, "ipc://default", "ipc:///tmp/x.ipc"])
def test_this_machine_needs_no_key(endpoint: str) -> None:
    assert key_of_peer(BrokerSettings(endpoint)) is None
    assert folder_of_broker(BrokerSettings(endpoint)) is None


@pytest.mark.parametrize("endpoint", [*BEYOND, *EVERYWHERE])
def test_broker_that_others_can_reach_does_not_start_without_keys(endpoint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        folder_of_broker(BrokerSettings(endpoint))
    assert f"BROKER_ENDPOINT={endpoint} can be reached from other machines" in str(caught.value)
    assert "python -m common.keys new keys" in str(caught.value)


@pytest.mark.parametrize("endpoint", BEYOND)
def test_peer_does_not_leave_this_machine_without_a_key(endpoint: str) -> None:
    with pytest.raises(ConfigError, match="set BROKER_KEYS to the file") as caught:
        key_of_peer(BrokerSettings(endpoint))
    assert f"BROKER_ENDPOINT={endpoint} is on another machine" in str(caught.value)


def test_peer_of_a_broker_on_all_addresses_connects_to_that_of_this_machine() -> None:
    assert key_of_peer(BrokerSettings("tcp://*:5555")) is None
    assert key_of_peer(BrokerSettings("tcp://0.0.0.0:5555")) is None
    assert key_of_peer(BrokerSettings("tcp://[::]:5555")) is None


def test_who_says_insecure_needs_no_key_and_the_broker_warns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = BrokerSettings("tcp://*:5555", insecure=True)
    assert key_of_peer(BrokerSettings("tcp://192.0.2.7:5555", insecure=True)) is None
    with caplog.at_level(logging.WARNING):
        assert folder_of_broker(settings) is None
    assert "whoever reaches tcp://*:5555 sees faces and can take part" in caplog.text


def test_keys_are_used_on_tcp_wherever_it_leads(folder: Path) -> None:
    for endpoint in (*LOOPBACK, *BEYOND, *EVERYWHERE):
        settings = BrokerSettings(endpoint, folder, insecure=True)
        assert key_of_peer(settings) == read_peer_key(folder)
        assert folder_of_broker(settings) == folder


def test_broker_needs_the_whole_folder(folder: Path) -> None:
    with pytest.raises(ConfigError, match="the broker needs the folder"):
        folder_of_broker(BrokerSettings("tcp://*:5555", folder / "this-host.key"))


@pytest.mark.parametrize("endpoint", ["ipc://default", "ipc:///tmp/x.ipc"])
def test_keys_that_would_not_be_used_are_refused(folder: Path, endpoint: str) -> None:
    settings = BrokerSettings(endpoint, folder)
    for choose in (key_of_peer, folder_of_broker):
        with pytest.raises(
            ConfigError, match=r"keys are for tcp, .* leave BROKER_KEYS out"
        ) as caught:
            choose(settings)
        assert f"BROKER_ENDPOINT={endpoint} is a socket" in str(caught.value)
