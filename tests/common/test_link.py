from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import msgpack
import pytest
import zmq

from common import link as link_module
from common import wire
from common.config import BrokerSettings
from common.contract import Fate, Role
from common.errors import ConfigError, RefusedError
from common.link import BrokerLink, peer_name
from common.messages import (
    Bye,
    Heartbeat,
    Message,
    Published,
    PublisherHello,
    Refused,
    Release,
    Status,
    Welcome,
    WhoAreYou,
)
from tests.support.clock import Clock
from tests.support.fake_broker import FakeBroker
from tests.support.waiting import DEADLINE_S, eventually

MakeLink = Callable[[], BrokerLink]
Context = zmq.Context[zmq.Socket[bytes]]


@pytest.fixture
def make_link(
    context: Context, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeLink]:
    monkeypatch.setattr(link_module, "RECONNECT_BACKOFF_S", (1000.0,))  # the broker may be silent
    links: list[BrokerLink] = []
    hellos = iter(range(1000))

    def make() -> BrokerLink:
        links.append(
            BrokerLink(
                context,
                BrokerSettings(endpoint),
                lambda: PublisherHello("p", f"hello {next(hellos)}"),
            )
        )
        return links[-1]

    yield make
    for item in links:
        item.close()


@pytest.fixture
def broker(context: Context, endpoint: str) -> Iterator[FakeBroker]:
    made = FakeBroker(context, endpoint)
    yield made
    made.close()


def receive(link: BrokerLink) -> Message:
    def received() -> list[Message]:
        message = link.receive(0.02)
        return [] if message is None else [message]

    return eventually(received, "a message for the stage")[0]


def join(link: BrokerLink, broker: FakeBroker) -> bytes:
    identity, _ = broker.expect(PublisherHello, lambda: link.receive(0.01))
    broker.send(Welcome(5), identity)
    assert receive(link) == Welcome(5)
    return identity


def test_hello_is_said_again_until_welcomed(make_link: MakeLink, broker: FakeBroker) -> None:
    link = make_link()
    first = broker.expect(PublisherHello, lambda: link.receive(0.01))
    second = broker.expect(PublisherHello, lambda: link.receive(0.01))
    assert first[0] == second[0]
    assert first[1] != second[1], "each hello is made anew"
    assert not link.welcomed
    broker.send(Welcome(5), first[0])
    assert receive(link) == Welcome(5)
    assert link.welcomed


def test_second_welcome_is_kept_from_the_stage(make_link: MakeLink, broker: FakeBroker) -> None:
    link = make_link()
    identity = join(link, broker)
    broker.send(Welcome(9), identity)
    broker.send(Release("cam", 1, Fate.PUBLISHED), identity)
    assert receive(link) == Release("cam", 1, Fate.PUBLISHED)


def test_who_is_to_wait_for_others_is_welcomed_until_nobody_is_missing(
    make_link: MakeLink, broker: FakeBroker
) -> None:
    link = make_link()
    identity, _ = broker.expect(PublisherHello, lambda: link.receive(0.01))
    for welcome in (Welcome(0, (Role.DETECTOR, Role.CLASSIFIER)), Welcome(0, (Role.DETECTOR,))):
        broker.send(welcome, identity)
        assert receive(link) == welcome
        assert link.welcomed
    broker.send(Welcome(0), identity)
    assert receive(link) == Welcome(0)
    broker.send(Welcome(0), identity)
    broker.send(Release("cam", 1, Fate.PUBLISHED), identity)
    assert receive(link) == Release("cam", 1, Fate.PUBLISHED)


def test_heartbeat_carries_what_was_counted(make_link: MakeLink, broker: FakeBroker) -> None:
    link = make_link()
    join(link, broker)
    broker.expect(Status, lambda: link.receive(0.01))
    link.count(3, 0.5)
    link.count(1, 0.25)

    def heartbeat_with_all() -> bool:
        _, status = broker.expect(Status, lambda: link.receive(0.01))
        return status == Status(4, 750.0, 0)

    eventually(heartbeat_with_all, "a heartbeat with the counts")


def test_no_heartbeat_is_sent_before_the_welcome(make_link: MakeLink, broker: FakeBroker) -> None:
    link = make_link()
    for _ in range(3):
        broker.expect(PublisherHello, lambda: link.receive(0.01))
    identity, _ = broker.expect(PublisherHello, lambda: link.receive(0.01))
    broker.send(Welcome(0), identity)
    receive(link)
    first = broker.expect_any(lambda: link.receive(0.01))
    assert isinstance(first, Status)


def test_broker_that_does_not_know_the_peer_gets_a_hello_and_may_welcome_it_again(
    make_link: MakeLink, broker: FakeBroker
) -> None:
    link = make_link()
    identity = join(link, broker)
    broker.send(WhoAreYou(), identity)
    broker.expect(PublisherHello, lambda: link.receive(0.01))
    assert not link.welcomed
    broker.send(Welcome(6), identity)
    assert receive(link) == Welcome(6)


def test_peer_that_cannot_read_a_message_counts_it_and_says_hello_anew(
    make_link: MakeLink, broker: FakeBroker
) -> None:
    """The broker may be waiting for the answer, and would for ever."""
    link = make_link()
    identities = [join(link, broker)]
    for bad in (
        [b""],
        [b"\xc1", b""],
        [msgpack.packb({"type": "Release", "version": wire.WIRE_VERSION}), b""],
    ):
        broker.send_parts(bad, identities[-1])
        broker.send(Release("cam", 1, Fate.PUBLISHED), identities[-1])
        eventually(lambda: link.receive(0.01) is None and not link.welcomed, "the bad message")
        identities.append(join(link, broker))
    assert len(set(identities)) == 4

    def three_are_counted() -> bool:
        return broker.expect(Status, lambda: link.receive(0.01))[1].bad_messages == 3

    eventually(three_are_counted, "a heartbeat with the count")


def test_peer_that_was_busy_for_long_reads_what_came_before_it_calls_the_broker_silent(
    make_link: MakeLink, broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = make_link()
    identity = join(link, broker)
    monkeypatch.setattr(link_module, "RECONNECT_BACKOFF_S", (0.0,))  # it is long ago at once
    broker.send(Heartbeat(), identity)
    assert link.send(Published("cam", 1))
    assert link.receive(DEADLINE_S) is None
    assert link.welcomed
    assert broker.expect(Published)[0] == identity, "its last answer was not thrown away"
    assert broker.expect(Status)[0] == identity, "and it told at once that it lives"
    assert link.receive(0.01) is None
    assert not link.welcomed, "now there was nothing to read"


def test_wait_of_less_than_a_millisecond_is_a_wait(make_link: MakeLink) -> None:
    """A capture waits for the next frame of a recording: it spun for the last millisecond."""
    link = make_link()
    until = time.monotonic() + 0.02
    waits = 0
    while time.monotonic() < until:
        link.receive(0.0001)
        waits += 1
    assert waits <= 20


def test_refusal_carries_the_brokers_reason(make_link: MakeLink, broker: FakeBroker) -> None:
    link = make_link()
    identity, _ = broker.expect(PublisherHello, lambda: link.receive(0.01))
    broker.send(Refused("set CAPTURE_CAMERA to another"), identity)
    with pytest.raises(RefusedError, match="set CAPTURE_CAMERA to another"):
        receive(link)


def test_broker_of_another_version_is_refused_naming_both(
    make_link: MakeLink, broker: FakeBroker
) -> None:
    link = make_link()
    identity, _ = broker.expect(PublisherHello, lambda: link.receive(0.01))
    broker.send_parts([msgpack.packb([99, {"type": "Welcome"}]), b""], identity)
    with pytest.raises(RefusedError, match=f"expected wire version {wire.WIRE_VERSION}, got 99"):
        receive(link)


def test_silent_broker_is_connected_to_anew_under_a_new_identity(
    make_link: MakeLink, broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = make_link()
    before = join(link, broker)
    monkeypatch.setattr(link_module, "RECONNECT_BACKOFF_S", (0.3, 1000.0))
    after, _ = broker.expect(PublisherHello, lambda: link.receive(0.02))
    assert after != before
    assert not link.welcomed
    broker.send(Welcome(7), after)
    assert receive(link) == Welcome(7)


def test_heartbeats_of_the_broker_are_enough_to_stay(
    make_link: MakeLink, broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = make_link()
    identity = join(link, broker)
    clock = Clock(time.monotonic())
    monkeypatch.setattr(link_module, "time", SimpleNamespace(monotonic=clock))
    monkeypatch.setattr(link_module, "RECONNECT_BACKOFF_S", (3.0,))
    for _ in range(3):
        clock.now_s += 2.0
        broker.send(Heartbeat(), identity)
        assert link.receive(DEADLINE_S) is None
        assert link.welcomed
    clock.now_s += 4.0
    assert link.receive(0.01) is None
    assert not link.welcomed


def test_broker_that_comes_back_is_found(
    make_link: MakeLink, context: Context, endpoint: str
) -> None:
    link = make_link()
    first = FakeBroker(context, endpoint)
    join(link, first)
    first.close()
    second = FakeBroker(context, endpoint)
    try:

        def knock() -> None:
            link.receive(0.01)
            link.send(Published("cam", 1))

        identity, _ = second.expect(Published, knock)
        second.send(WhoAreYou(), identity)
        second.expect(PublisherHello, lambda: link.receive(0.01))
    finally:
        second.close()


def test_nothing_is_kept_for_a_broker_that_is_not_there(
    make_link: MakeLink, context: Context, endpoint: str
) -> None:
    link = make_link()
    assert link.receive(0.0) is None
    assert not link.send(Published("cam", 1))
    broker = FakeBroker(context, endpoint)
    try:
        first = broker.expect_any(lambda: link.receive(0.01))
        assert isinstance(first, PublisherHello)
    finally:
        broker.close()


def test_goodbye_is_said_on_leaving(make_link: MakeLink, broker: FakeBroker) -> None:
    link = make_link()
    identity = join(link, broker)
    link.leave()
    assert broker.expect(Bye)[0] == identity


def test_address_nobody_can_connect_to_is_a_wrong_setting(context: Context) -> None:
    endpoint = f"ipc:///{'x' * 120}"
    with pytest.raises(ConfigError, match=f"BROKER_ENDPOINT={endpoint}: cannot connect there"):
        BrokerLink(context, BrokerSettings(endpoint), lambda: PublisherHello("p", "i"))


@pytest.mark.parametrize("host", ["*", "0.0.0.0"])  # noqa: S104
def test_address_of_a_broker_on_all_interfaces_is_good_for_peers_on_its_host(
    context: Context, host: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        endpoint = f"tcp://{host}:{probe.getsockname()[1]}"
    broker = FakeBroker(context, endpoint)
    link = BrokerLink(context, BrokerSettings(endpoint), lambda: PublisherHello("p", "i"))
    try:
        join(link, broker)
    finally:
        link.close()
        broker.close()


def test_peer_is_named_after_host_and_process_and_by_honcho(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HONCHO_PROCESS_NAME", raising=False)
    plain = peer_name()
    assert plain.rpartition(":")[2].isdigit()
    monkeypatch.setenv("HONCHO_PROCESS_NAME", "classifier.2")
    assert peer_name() == f"classifier.2@{plain}"
