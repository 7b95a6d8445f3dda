"""Brokers with keys on real sockets, and peers with good keys, others' and none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from common import wire
from common.broker import peers
from common.broker.admission import MAX_PEERS
from common.broker.config import BrokerConfig
from common.broker.loop import BrokerLoop
from common.broker.stage import make_broker
from common.config import BrokerSettings
from common.connections import Connections
from common.contract import Mode, Role
from common.errors import RefusedError
from common.keys.files import PeerKey, new_pair, read_peer_key
from common.keys.folder import add_key, make_folder, revoke_key
from common.lifetime import Lifetime
from common.link import BrokerLink
from common.messages import (
    CameraHello,
    EndOfSource,
    Heartbeat,
    Message,
    PublisherHello,
    Refused,
    Welcome,
    WhoAreYou,
    WorkerHello,
)
from common.sockets import Context, connect, make_dealer
from tests.common.broker.world import frame
from tests.support.pipeline import free_port
from tests.support.waiting import eventually

CLASSIFIER = WorkerHello(Role.CLASSIFIER, "c", "some classifier", 8)
DETECTOR = WorkerHello(Role.DETECTOR, "d", "some detector", 1)
PUBLISHER = PublisherHello("p", "some publisher")


def camera(name: str) -> CameraHello:
    return CameraHello("k", f"capture of {name}", name, Mode.LIVE, 0, 8, 0, 0, 0)


def refusal_of(link: BrokerLink, broker_step: Callable[[], object]) -> str:
    """Let both talk until the peer ends, and return what it tells its user."""

    def refused() -> str:
        try:
            link.receive(0.01)
        except RefusedError as error:
            return str(error)
        return ""

    return eventually(refused, "a refusal", doing=broker_step)


class KeyedBroker:
    """A broker in this thread, its folder of keys, and peers."""

    def __init__(self, context: Context, folder: Path) -> None:
        self.context = context
        self.folder = folder
        make_folder(folder)
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        config = BrokerConfig(self.endpoint, folder, max_frame_age_ms=60_000)
        self.loop: BrokerLoop = make_broker(config, Lifetime(), context)
        self._links: list[BrokerLink] = []
        self._sockets: list[zmq.Socket[bytes]] = []

    def add(self, name: str, *roles: Role, cameras: tuple[str, ...] = ()) -> Path:
        return add_key(self.folder, name, frozenset(roles), frozenset(cameras))

    def link(self, file: Path | None, hello: Message) -> BrokerLink:
        made = BrokerLink(self.context, BrokerSettings(self.endpoint, file), lambda: hello)
        self._links.append(made)
        return made

    def joined(self, file: Path | None, hello: Message) -> BrokerLink:
        link = self.link(file, hello)
        eventually(lambda: isinstance(link.receive(0.01), Welcome), "a welcome", doing=self.step)
        return link

    def refusal(self, link: BrokerLink) -> str:
        return refusal_of(link, self.step)

    def socket(self, key: PeerKey | None, identity: bytes = b"") -> zmq.Socket[bytes]:
        """Connect a socket of a peer that does what it likes."""
        made = make_dealer(self.context, key)
        if identity:
            made.setsockopt(zmq.IDENTITY, identity)
        connect(made, self.endpoint)
        self._sockets.append(made)
        return made

    def step(self) -> None:
        self.loop.step()

    def peers(self) -> list[str]:
        return [peer.name for peer in self.loop._scheduler.state.peers.all()]

    def close(self) -> None:
        for link in self._links:
            link.close()
        for socket in self._sockets:
            socket.close()
        self.loop.close()


@pytest.fixture
def broker(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KeyedBroker]:
    monkeypatch.setattr(peers, "SILENCE_LIMIT_NS", 60_000_000_000)  # some do not get to speak
    made = KeyedBroker(context, tmp_path / "keys")
    yield made
    made.close()


def said(broker: KeyedBroker, socket: zmq.Socket[bytes], *messages: Message) -> list[Message]:
    """Say it, and return what the broker has answered once it answers at all."""
    for message in messages:
        eventually(lambda: socket.poll(5, zmq.POLLOUT), "a connection", doing=broker.step)
        socket.send_multipart(wire.encode(message))
    eventually(lambda: socket.poll(5), "an answer", doing=broker.step)
    return heard(socket)


def heard(socket: zmq.Socket[bytes]) -> list[Message]:
    """Return what has come."""
    answers = []
    while socket.poll(0):
        answers.append(wire.decode(socket.recv_multipart()))
    return answers


def test_peers_with_good_keys_work_together(broker: KeyedBroker) -> None:
    gpu_box = broker.add("gpu-box", Role.CLASSIFIER, Role.DETECTOR)
    broker.joined(gpu_box, CLASSIFIER)
    detector = broker.joined(gpu_box, DETECTOR)
    door = broker.joined(broker.add("door", Role.CAPTURE, cameras=("cam",)), camera("cam"))
    broker.joined(broker.folder, PUBLISHER)
    assert sorted(broker.peers()) == ["c", "d", "k", "p"]
    door.send(frame("cam", 0))
    eventually(lambda: detector.receive(0.01), "work", doing=broker.step)


@pytest.mark.parametrize(
    ("hello", "told"),
    [
        (DETECTOR, "key some is good for capture or classifier, not for detector"),
        (PUBLISHER, "key some is good for capture or classifier, not for publisher"),
        (camera("hall"), "key some is good for camera door, not for hall"),
    ],
)
def test_key_for_something_else_is_refused_and_both_sides_say_why(
    broker: KeyedBroker, caplog: pytest.LogCaptureFixture, hello: Message, told: str
) -> None:
    file = broker.add("some", Role.CLASSIFIER, Role.CAPTURE, cameras=("door",))
    with caplog.at_level(logging.WARNING):
        refusal = broker.refusal(broker.link(file, hello))
    assert told in refusal
    assert "`python -m common.keys add` on the broker's machine" in refusal
    assert f"refused {getattr(hello, 'name', '')}: {told}" in caplog.text
    assert broker.peers() == []


def test_key_cannot_take_all_places_of_a_role(
    broker: KeyedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MAX_PEERS, Role.CLASSIFIER, 4)
    file = broker.add("gpu-box", Role.CLASSIFIER)

    def classifier(number: int) -> WorkerHello:
        return WorkerHello(Role.CLASSIFIER, "c", f"classifier {number}", 8)

    for number in range(2):
        broker.joined(file, classifier(number))
    refusal = broker.refusal(broker.link(file, classifier(2)))
    assert "key gpu-box is 2 classifiers already, as many as one key may be" in refusal
    broker.joined(broker.folder, classifier(3))


def test_key_that_is_not_listed_is_refused_and_both_sides_say_why(
    broker: KeyedBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = broker.add("gpu-box", Role.CLASSIFIER)
    other, key = new_pair(), read_peer_key(good)
    stranger = tmp_path / "stranger.key"
    text = good.read_text().replace(key.pair.public, other.public)
    stranger.write_text(text.replace(key.pair.secret, other.secret))
    stranger.chmod(0o600)
    with caplog.at_level(logging.WARNING):
        refusal = broker.refusal(broker.link(stranger, CLASSIFIER))
    assert f"BROKER_KEYS={stranger}: the broker at {broker.endpoint} does not take" in refusal
    expected = f"refused a connection from 127.0.0.1: key {other.public} is not listed"
    assert [record.message for record in caplog.records] == [expected]
    assert other.secret not in caplog.text + refusal


def test_key_that_was_revoked_before_is_refused_and_named(
    broker: KeyedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    file = broker.add("gpu-box", Role.CLASSIFIER)
    text = file.read_text()
    revoke_key(broker.folder, "gpu-box")
    file.write_text(text)
    file.chmod(0o600)
    with caplog.at_level(logging.WARNING):
        assert "does not take this key" in broker.refusal(broker.link(file, CLASSIFIER))
    assert "refused a connection from 127.0.0.1: key gpu-box" in caplog.text


def test_peer_without_a_key_is_refused_and_both_sides_say_why(
    broker: KeyedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        refusal = broker.refusal(broker.link(None, CLASSIFIER))
        eventually(lambda: caplog.records, "a line in the log", doing=broker.step)
    assert f"the broker at {broker.endpoint} takes only peers with a key" in refusal
    assert "set BROKER_KEYS" in refusal
    assert "refused a connection that showed no key" in caplog.text
    assert broker.peers() == []


def test_peer_of_another_brokers_folder_is_refused_and_told_to_look_at_its_file(
    broker: KeyedBroker,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("common.link.RECONNECT_BACKOFF_S", (0.5,))
    make_folder(tmp_path / "other")
    link = broker.link(tmp_path / "other", CLASSIFIER)
    lines = ("was {}/other/this-host.key made for this broker?", "of another folder than this")

    def told() -> bool:
        link.receive(0.01)
        return all(line.format(tmp_path) in caplog.text for line in lines)

    eventually(told, lambda: f"both lines; there is {caplog.text}", doing=broker.step)
    assert broker.peers() == []


def test_peer_with_a_key_does_not_talk_to_a_broker_without(
    context: Context, broker: KeyedBroker
) -> None:
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    open_broker = make_broker(BrokerConfig(endpoint), Lifetime(), context)
    link = BrokerLink(context, BrokerSettings(endpoint, broker.folder), lambda: CLASSIFIER)
    try:
        assert "uses no keys" in refusal_of(link, open_broker.step)
    finally:
        link.close()
        open_broker.close()


def test_revoked_key_of_a_connected_worker_is_dismissed_and_its_work_goes_to_another(
    broker: KeyedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    file = broker.add("gpu-box", Role.DETECTOR)
    capture = broker.joined(broker.folder, camera("cam"))
    broker.joined(broker.folder, PUBLISHER)
    revoked = broker.joined(file, DETECTOR)
    capture.send(frame("cam", 0))
    work = eventually(lambda: revoked.receive(0.01), "work", doing=broker.step)
    revoke_key(broker.folder, "gpu-box")
    with caplog.at_level(logging.WARNING):
        assert "key gpu-box was revoked" in broker.refusal(revoked)
    assert "dismissed d: key gpu-box was revoked" in caplog.text
    other = broker.joined(broker.folder, DETECTOR)
    again = eventually(lambda: other.receive(0.01), "work", doing=broker.step)
    assert getattr(again, "frames", 0) == getattr(work, "frames", 1)


def test_revoked_peer_that_stays_connected_is_heard_no_more(broker: KeyedBroker) -> None:
    file = broker.add("gpu-box", Role.CLASSIFIER, Role.CAPTURE, cameras=("cam",))
    stubborn = broker.socket(read_peer_key(file))
    assert Welcome(0) in said(broker, stubborn, camera("cam"))
    revoke_key(broker.folder, "gpu-box")
    eventually(lambda: not broker.peers(), "the dismissal", doing=broker.step)
    stubborn.send_multipart(wire.encode(frame("cam", 0)))
    stubborn.send_multipart(wire.encode(EndOfSource("cam")))
    stubborn.send_multipart(wire.encode(CLASSIFIER))
    answers: list[Message] = []

    def both() -> bool:
        answers.extend(item for item in heard(stubborn) if item != Heartbeat())
        return len(answers) >= 2

    eventually(both, "a refusal when it is dismissed and one of its hello", doing=broker.step)
    assert {type(answer) for answer in answers} == {Refused}
    assert broker.loop._scheduler.state.cameras["cam"].status().captured == 0
    assert broker.peers() == []
    connections = broker.loop._socket.connections
    eventually(lambda: not len(connections), "the end of its connection", doing=broker.step)


def test_key_that_loses_a_role_while_connected_is_dismissed(broker: KeyedBroker) -> None:
    file = broker.add("gpu-box", Role.CLASSIFIER)
    worker = broker.joined(file, CLASSIFIER)
    listed = broker.folder / "allowed"
    listed.write_text(listed.read_text().replace("gpu-box classifier", "gpu-box detector"))
    assert "good for detector, not for classifier" in broker.refusal(worker)


def test_stranger_who_takes_over_a_routing_id_is_not_taken_for_its_owner(
    broker: KeyedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A captured name in the socket is worth nothing: who somebody is, is its key."""
    monkeypatch.setattr(Connections, "hear_stranger", lambda *_: True)  # else it is hung up on
    door = broker.add("door", Role.CAPTURE, cameras=("door",))
    gpu_box = broker.add("gpu-box", Role.CLASSIFIER)
    owner = broker.socket(read_peer_key(door), identity=b"\x07door")
    assert Welcome(0) in said(broker, owner, camera("door"))
    owner.close()
    thief = broker.socket(read_peer_key(gpu_box), identity=b"\x07door")
    eventually(lambda: thief.poll(5, zmq.POLLOUT), "a connection", doing=broker.step)

    def unknown() -> bool:
        thief.send_multipart(wire.encode(frame("door", 0)))
        broker.step()
        thief.poll(5)
        return WhoAreYou() in heard(thief)

    eventually(unknown, "an answer to a stranger")
    assert broker.loop._scheduler.state.cameras["door"].status().captured == 0


def test_with_nobody_there_to_answer_nobody_comes_in(broker: KeyedBroker) -> None:
    """It fails closed: what answers has died, and the broker's socket lives on."""
    file = broker.add("gpu-box", Role.CLASSIFIER)
    entrance = broker.loop._socket.entrance
    assert entrance is not None
    entrance._answers.close()
    socket = broker.socket(read_peer_key(file))
    router = broker.loop._socket.router
    for _ in range(20):
        assert not socket.poll(20, zmq.POLLOUT), "it is connected"
        assert not router.poll(0), "the broker hears it"


def test_of_many_refusals_few_lines_are_written_and_the_others_counted(
    broker: KeyedBroker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.broker.gate.LINES_A_MINUTE", 3)
    monkeypatch.setattr("common.broker.gate.MINUTE_NS", 2**61)
    file = broker.add("gpu-box", Role.CLASSIFIER)
    stranger = broker.socket(read_peer_key(file))
    gate = broker.loop._gate
    assert gate is not None
    broker.step()
    with caplog.at_level(logging.WARNING):
        for number in range(10):
            said(broker, stranger, WorkerHello(Role.DETECTOR, f"d{number % 5}", "i", 1))
        assert len(caplog.records) == 3
        gate.tick(2**62)
    assert "refused such peers 7 times more within a minute" in caplog.text
