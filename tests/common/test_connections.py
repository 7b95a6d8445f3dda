from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from common.connections import Connection
from common.messages import Bye
from common.sockets import BrokerSocket, Context
from tests.support.no_files import no_file_free
from tests.support.raw_peer import RawPeer
from tests.support.waiting import eventually


@pytest.fixture
def broker(context: Context, endpoint: str) -> Iterator[BrokerSocket]:
    made = BrokerSocket(context, endpoint)
    yield made
    made.close()


def connection_of(broker: BrokerSocket) -> Connection:
    (connection,) = eventually(
        broker.connections.all, "the connection", doing=broker.connections.update
    )
    return connection


def test_who_is_to_go_is_named_and_hung_up_on_though_no_file_is_free(
    broker: BrokerSocket, endpoint: str
) -> None:
    with RawPeer(endpoint.removeprefix("ipc://")) as peer:
        connection = connection_of(broker)
        with no_file_free():
            address = connection.address()
            connection.hang_up()
        assert address == f"process {os.getpid()}"
        eventually(peer.is_hung_up_on, "the end of the connection")
        eventually(
            lambda: not len(broker.connections),
            "the word that it is gone",
            doing=broker.connections.update,
        )


def test_who_is_gone_already_can_be_hung_up_on(broker: BrokerSocket, endpoint: str) -> None:
    with RawPeer(endpoint.removeprefix("ipc://")):
        connection = connection_of(broker)
    eventually(lambda: not len(broker.connections), "its end", doing=broker.connections.update)
    connection.hang_up()
    assert connection.waiting_bytes() == 0


def test_connection_of_a_peer_that_is_gone_is_not_found(
    broker: BrokerSocket, endpoint: str
) -> None:
    """Another may have its descriptor now."""
    with RawPeer(endpoint.removeprefix("ipc://")) as peer:
        peer.say(Bye())
        identity = eventually(broker.wait, "the message")[0]
        assert broker.connections.find(identity) is not None
    eventually(lambda: broker.connections.find(identity) is None, "the word that it is gone")
