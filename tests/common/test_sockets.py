from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from common import sockets
from common.broker.admission import MAX_CAMERAS
from common.broker.desks.publishers import IN_HAND_LIMIT
from common.contract import Mode
from common.endpoint import connect_address
from common.errors import ConfigError
from common.sockets import BrokerSocket, Context
from tests.support.dealer import connect_dealer
from tests.support.ipv6 import NEEDS_IPV6
from tests.support.waiting import eventually

HOLD = """
import sys, time, zmq
from common.sockets import BrokerSocket
with zmq.Context() as context:
    held = BrokerSocket(context, sys.argv[1])
    print("bound", flush=True)
    sys.stdin.readline()
    held.close()
"""


@pytest.fixture
def other_broker(endpoint: str) -> Iterator[subprocess.Popen[str]]:
    """A broker in another process, listening at the endpoint."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, endpoint],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "bound\n"
        yield process
        process.kill()


def exchange(context: Context, broker: BrokerSocket, endpoint: str) -> bytes:
    """Send a message to the broker and return what it received."""
    dealer = connect_dealer(context, endpoint)
    try:
        eventually(lambda: dealer.poll(20, zmq.POLLOUT), "a connection")
        dealer.send(b"hello")
        eventually(lambda: broker.router.poll(20), "the message")
        return broker.router.recv_multipart()[1]
    finally:
        dealer.close()


def path_of(endpoint: str) -> Path:
    return Path(endpoint.removeprefix("ipc://"))


def lock_of(endpoint: str) -> Path:
    return path_of(f"{endpoint}.ferstream.lock")


def test_second_broker_on_the_same_path_is_refused_naming_the_first(
    context: Context, endpoint: str, other_broker: subprocess.Popen[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        BrokerSocket(context, endpoint)
    assert f"the pipeline of process {other_broker.pid} runs there" in str(caught.value)
    assert "set BROKER_ENDPOINT (and PUBLISHER_PORT)" in str(caught.value)
    assert path_of(endpoint).is_socket(), "the first one's socket is still there"


def test_second_broker_of_the_same_process_is_refused_too(context: Context, endpoint: str) -> None:
    first = BrokerSocket(context, endpoint)
    with pytest.raises(ConfigError, match=f"the pipeline of process {os.getpid()} runs there"):
        BrokerSocket(context, endpoint)
    assert exchange(context, first, endpoint) == b"hello"
    first.close()


def test_path_of_a_killed_broker_is_free_at_once(
    context: Context, endpoint: str, other_broker: subprocess.Popen[str]
) -> None:
    other_broker.send_signal(signal.SIGKILL)
    other_broker.wait()
    assert path_of(endpoint).is_socket(), "a killed broker leaves its socket file"
    broker = BrokerSocket(context, endpoint)
    assert exchange(context, broker, endpoint) == b"hello"
    broker.close()


def test_closing_leaves_no_file_and_frees_the_path(context: Context, endpoint: str) -> None:
    for _ in range(5):
        broker = BrokerSocket(context, endpoint)
        assert exchange(context, broker, endpoint) == b"hello"
        broker.close()
        broker.close()
        assert list(path_of(endpoint).parent.iterdir()) == []


def test_file_that_is_no_socket_is_not_deleted(context: Context, endpoint: str) -> None:
    path_of(endpoint).write_text("precious")
    with pytest.raises(ConfigError, match="there is something there that is no socket"):
        BrokerSocket(context, endpoint)
    assert path_of(endpoint).read_text() == "precious"


def test_directory_in_the_place_of_the_path_is_told(context: Context, endpoint: str) -> None:
    path_of(endpoint).mkdir()
    with pytest.raises(ConfigError, match="there is something there that is no socket"):
        BrokerSocket(context, endpoint)


def test_file_that_others_call_their_lock_is_left_alone(context: Context, endpoint: str) -> None:
    foreign = path_of(endpoint).with_name("b.ipc.lock")
    foreign.write_text("precious")
    BrokerSocket(context, endpoint).close()
    assert foreign.read_text() == "precious"


@pytest.mark.parametrize("content", ["precious", "123\nprecious", "precious\n123\n", "1" * 40])
def test_lock_file_that_is_not_of_our_making_is_left_alone(
    context: Context, endpoint: str, content: str
) -> None:
    lock_of(endpoint).write_text(content)
    with pytest.raises(ConfigError, match=r"b\.ipc\.ferstream\.lock is no lock of ferstream"):
        BrokerSocket(context, endpoint)
    assert lock_of(endpoint).read_text() == content
    assert not path_of(endpoint).exists()


def test_link_in_the_place_of_the_lock_is_not_followed(context: Context, endpoint: str) -> None:
    target = path_of(endpoint).with_name("target")
    target.write_text("")
    lock_of(endpoint).symlink_to(target)
    with pytest.raises(ConfigError, match="cannot write there"):
        BrokerSocket(context, endpoint)
    assert lock_of(endpoint).is_symlink()
    assert target.read_text() == ""


def test_lock_left_by_a_killed_broker_is_taken_over(context: Context, endpoint: str) -> None:
    lock_of(endpoint).write_text("123\n")
    broker = BrokerSocket(context, endpoint)
    assert lock_of(endpoint).read_text() == f"{os.getpid()}\n"
    broker.close()


@pytest.mark.parametrize("replace", [False, True])
def test_lock_that_another_broker_removes_while_it_is_being_taken_is_taken_anew(
    context: Context, endpoint: str, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    lock_of(endpoint).touch()
    flock = fcntl.flock
    calls: list[int] = []

    def flock_of_the_removed(descriptor: int, operation: int) -> None:
        if not calls:
            lock_of(endpoint).unlink()
            if replace:
                lock_of(endpoint).touch()
        calls.append(descriptor)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock_of_the_removed)
    broker = BrokerSocket(context, endpoint)
    assert len(calls) == 2
    with pytest.raises(ConfigError, match=f"the pipeline of process {os.getpid()} runs there"):
        BrokerSocket(context, endpoint)
    broker.close()
    assert not lock_of(endpoint).exists()


def test_path_in_a_directory_that_is_not_there_is_told(context: Context) -> None:
    with pytest.raises(ConfigError, match=r"cannot write there \(No such file"):
        BrokerSocket(context, "ipc:///no/such/directory/b.ipc")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_process_of_another_user_cannot_connect_to_a_path(context: Context, endpoint: str) -> None:
    path_of(endpoint).parent.chmod(0o755)
    broker = BrokerSocket(context, endpoint)
    try:
        assert connect_as(0, endpoint) == ""
        assert "PermissionError" in connect_as(65534, endpoint)
    finally:
        broker.close()


def connect_as(user: int, endpoint: str) -> str:
    """Connect in a process of another user; return what it complains of."""
    program = """
import os, socket, sys
end = socket.socket(socket.AF_UNIX)
os.setuid(int(sys.argv[1]))
end.connect(sys.argv[2])
"""
    command = [sys.executable, "-c", program, str(user), str(path_of(endpoint))]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_path_is_open_to_its_user_alone(context: Context, endpoint: str) -> None:
    broker = BrokerSocket(context, endpoint)
    assert stat.S_IMODE(path_of(endpoint).stat().st_mode) == 0o600
    broker.close()


def test_port_in_use_is_told(context: Context) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        endpoint = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigError, match=r"cannot listen there .*[Aa]ddress.* in use"):
            BrokerSocket(context, endpoint)


def test_broker_and_peer_talk_over_tcp(context: Context) -> None:
    broker = BrokerSocket(context, "tcp://127.0.0.1:*")
    endpoint = broker.router.getsockopt_string(zmq.LAST_ENDPOINT)
    assert exchange(context, broker, endpoint) == b"hello"
    broker.close()


@NEEDS_IPV6
@pytest.mark.parametrize("address", ["[::1]", "[::]"])
def test_broker_and_peer_talk_over_ipv6(context: Context, address: str) -> None:
    broker = BrokerSocket(context, f"tcp://{address}:*")
    endpoint = broker.router.getsockopt_string(zmq.LAST_ENDPOINT)
    assert endpoint.startswith(f"tcp://{address}:")
    assert exchange(context, broker, connect_address(endpoint)) == b"hello"
    broker.close()


def test_no_limit_is_left_at_the_librarys_default(context: Context, endpoint: str) -> None:
    broker = BrokerSocket(context, endpoint)
    dealer = connect_dealer(context, endpoint)
    for item in (broker.router, dealer):
        assert item.getsockopt(zmq.LINGER) == 0
        assert item.getsockopt(zmq.SNDHWM) == item.getsockopt(zmq.RCVHWM) == sockets.QUEUE_MESSAGES
    assert broker.router.getsockopt(zmq.MAXMSGSIZE) == sockets.MAX_BROKER_MESSAGE_BYTES
    assert dealer.getsockopt(zmq.MAXMSGSIZE) == sockets.MAX_MESSAGE_BYTES
    assert dealer.getsockopt(zmq.IMMEDIATE) == 1
    dealer.close()
    broker.close()


def test_message_to_nobody_is_an_error_and_not_lost_silently(
    context: Context, endpoint: str
) -> None:
    broker = BrokerSocket(context, endpoint)
    with pytest.raises(zmq.ZMQError) as caught:
        broker.router.send_multipart([b"nobody", b"x"], zmq.NOBLOCK)
    assert caught.value.errno == zmq.EHOSTUNREACH
    broker.close()


def test_publisher_that_reads_nothing_is_sent_all_that_it_may_hold(
    context: Context, endpoint: str
) -> None:
    broker, publisher = BrokerSocket(context, endpoint), connect_dealer(context, endpoint)
    try:
        eventually(lambda: publisher.poll(20, zmq.POLLOUT), "a connection")
        publisher.send_multipart([b"hello", b""])
        identity = eventually(broker.wait, "the message")[0]
        for number in range(MAX_CAMERAS * IN_HAND_LIMIT[Mode.LOSSLESS]):
            assert broker.send(identity, [b"x" * 400, b""]), f"is given up at message {number}"
        # libzmq 4.3.5 may end a process that closes a socket while a peer's queue is full.
        eventually(lambda: not publisher.poll(100), doing=lambda: _read_all(publisher))
    finally:
        broker.close()
        publisher.close()


def _read_all(socket: zmq.Socket[bytes]) -> None:
    while socket.poll(0):
        socket.recv_multipart()
