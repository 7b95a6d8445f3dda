"""Clients that connect and hardly send or read, by the hundred, over real connections."""

from __future__ import annotations

import contextlib
import itertools
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from publisher.web import connections
from publisher.web.waitress_threads import IDLE_THREADS
from tests.publisher.asking import get
from tests.publisher.faces_and_frames import published
from tests.publisher.material import Rig, rig
from tests.support.http_stream import RawViewer
from tests.support.waiting import eventually

ATTACKERS = 700  # more than there are connections
HEALTH_S = 20.0  # of a machine under load; it was 50 before
HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_A_BODY = (
    b"POST /api/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data\r\n"
    b"Content-Length: 1000000\r\n\r\n"
)
HISTORY = b"GET /api/history HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def running(folder: Path) -> Iterator[Rig]:
    """A publisher with as many viewers as by default."""
    with rig(folder, max_viewers=200) as made:
        yield made


@pytest.fixture
def attackers(running: Rig) -> Iterator[Callable[..., list[socket.socket]]]:
    """Makes clients that send something, then neither send nor read, and go with the test."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # both ends are in this process
    with contextlib.ExitStack() as stack:

        def connect(
            data: bytes, count: int = ATTACKERS, sources: Sequence[str] = ("127.0.0.1",)
        ) -> list[socket.socket]:
            made = []
            for source, _ in zip(itertools.cycle(sources), range(count), strict=False):
                client = stack.enter_context(socket.socket())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.settimeout(HEALTH_S)
                client.bind((source, 0))
                client.connect(("127.0.0.1", running.server.port))
                client.sendall(data)
                made.append(client)
            return made

        yield connect


def healthy(running: Rig) -> bool:
    """Ask for the health as a supervisor does, on a new connection; the stage goes on meanwhile."""
    with socket.create_connection(("127.0.0.1", running.server.port), HEALTH_S) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        client.setblocking(False)
        answer = eventually(
            lambda: received(client), "an answer", HEALTH_S, doing=running.stage.step
        )
        return answer.startswith(b"HTTP/1.0 200")


def received(client: socket.socket) -> bytes:
    """Return what has come so far, if anything."""
    with contextlib.suppress(BlockingIOError):
        return client.recv(100)
    return b""


def hung_up(client: socket.socket) -> bool:
    """Return whether the server has ended this connection; takes in nothing that it sent before."""
    client.setblocking(False)
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def connected(running: Rig) -> int:
    """Return how many connections this process has, as the server's end."""
    return sum(
        item.status == psutil.CONN_ESTABLISHED and item.laddr.port == running.server.port
        for item in psutil.Process().net_connections("tcp")
    )


@pytest.mark.parametrize("data", [b"", HALF_A_HEAD, HALF_A_BODY], ids=["silent", "head", "body"])
@pytest.mark.parametrize(
    "sources",
    [("127.0.0.1",), tuple(f"127.0.0.{number}" for number in range(2, 200))],
    ids=["one address", "many"],
)
def test_health_is_answered_whoever_else_is_connected(
    running: Rig,
    attackers: Callable[..., list[socket.socket]],
    data: bytes,
    sources: tuple[str, ...],
) -> None:
    if len(sources) > 1 and sys.platform == "darwin":
        pytest.skip("has one address of its own")
    clients = attackers(data, sources=sources)
    assert all(healthy(running) for _ in range(5))
    assert any(hung_up(client) for client in clients), "the oldest have made room"
    assert connected(running) < ATTACKERS
    for client in clients:
        client.close()
    eventually(lambda: connected(running) == 0, "all to be missed")
    assert healthy(running)


def test_those_who_hardly_read_the_history_keep_nobody_waiting(
    running: Rig, attackers: Callable[..., list[socket.socket]]
) -> None:
    for number in range(2_000):
        running.stage.live.history.add_frame(published(number, pts_s=number, faces=9))
    size = len(get(running, "/api/history").body)
    assert size > 2_000_000
    before = psutil.Process().memory_info().rss
    clients = attackers(HISTORY, 416)
    for client in clients[::2]:
        client.sendall(HISTORY)  # the next one, while the first is not taken
    assert all(healthy(running) for _ in range(5))
    grown = psutil.Process().memory_info().rss - before
    assert grown < 416 * size // 3  # 130 to 320 MB were measured; 2,500 are asked for
    for client in clients:
        client.close()
    eventually(lambda: connected(running) == 0, "all to be missed")
    eventually(lambda: threading.active_count() < 2 * IDLE_THREADS, "the threads to end")
    assert get(running, "/api/history").code == 200


def test_a_crowd_that_does_not_move_makes_room_and_a_stream_does_not(
    running: Rig, attackers: Callable[..., list[socket.socket]]
) -> None:
    running.publish_next()
    with RawViewer(running.url) as viewer:
        viewer.read_picture()
        attackers(HALF_A_HEAD)
        assert healthy(running)
        running.publish_next()
        assert viewer.read_picture()
        assert running.stage.live.hub.viewers == 1


@pytest.mark.parametrize("data", [b"", HALF_A_HEAD, HALF_A_BODY], ids=["silent", "head", "body"])
def test_who_takes_too_long_is_hung_up_on(
    running: Rig,
    attackers: Callable[..., list[socket.socket]],
    monkeypatch: pytest.MonkeyPatch,
    data: bytes,
) -> None:
    monkeypatch.setattr(connections, "STEP_S", 0.5)
    (client,) = attackers(data, 1)

    def drip() -> None:
        with contextlib.suppress(OSError):
            client.send(b"a" if data else b"")

    eventually(lambda: hung_up(client), "the end", doing=(drip, lambda: time.sleep(0.05)))


def test_an_answer_that_is_not_taken_ends(
    running: Rig,
    attackers: Callable[..., list[socket.socket]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(2_000):
        running.stage.live.history.add_frame(published(number, pts_s=number, faces=9))
    monkeypatch.setattr(connections, "STEP_S", 0.5)
    (client,) = attackers(HISTORY, 1)
    assert client.recv(1)
    eventually(lambda: connected(running) == 0, "the end")
    client.close()


def test_a_viewer_that_takes_nothing_for_long_is_gone(
    running: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "GONE_AFTER_S", 1.0)
    running.publish_next()
    with RawViewer(running.url, receive_bytes=4096) as stuck:
        assert stuck.code == 200
        live = running.stage.live
        running.until(lambda: live.hub.viewers == 1 and running.publish_next(), "the viewer")
        running.until(lambda: running.publish_next() and live.hub.viewers == 0, "its end")


def test_one_client_has_so_many_connections_and_makes_room_for_itself(
    running: Rig,
    attackers: Callable[..., list[socket.socket]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(connections, "STEP_S", 600.0)
    monkeypatch.setattr("publisher.web.waitress_listener.capped_client", str)
    monkeypatch.setattr("publisher.web.waitress_channel.capped_client", str)
    other = attackers(HALF_A_HEAD, 1, ["127.0.0.2"])
    clients = attackers(HALF_A_HEAD, 100)
    eventually(lambda: sum(map(hung_up, clients)) == 36, "the oldest of that client to go")
    assert not hung_up(other[0])
    assert healthy(running)
    assert "127.0.0.1 has 64 connections, all of PUBLISHER_CLIENT_CONNECTIONS" in caplog.text
