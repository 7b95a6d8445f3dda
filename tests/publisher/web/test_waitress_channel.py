"""One connection: what is read of it and when, and who closes it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from flask import Flask, request

from publisher.web.server import WebServer
from publisher.web.waitress_channel import Channel
from tests.support.waiting import eventually

PATIENCE_S = 10.0
READ_BYTES = 16 * 1024  # at once


class Held:
    """An application that holds its first answer back, and then says how many bytes it was sent."""

    def __init__(self) -> None:
        self.asked, self.released = threading.Event(), threading.Event()
        self.app = Flask("test")
        self.app.get("/")(self.hold)
        self.app.post("/")(lambda: str(len(request.get_data())))

    def hold(self) -> str:
        self.asked.set()
        assert self.released.wait(PATIENCE_S)
        return "held"


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.released.set()


@pytest.fixture
def waiting(held: Held) -> Iterator[tuple[WebServer, socket.socket]]:
    """A server and a client whose first request is being answered."""
    with WebServer("127.0.0.1", 0, 2) as server:
        server.start(lambda: held.app)
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert held.asked.wait(PATIENCE_S)
            yield server, client
        held.released.set()


def channel_of(server: WebServer) -> Channel:
    """Return the server's end of its only connection."""
    assert server._server
    (channel,) = server._server._server.active_channels.values()
    return channel


def test_a_body_waits_until_its_request_has_its_turn(
    waiting: tuple[WebServer, socket.socket], held: Held
) -> None:
    server, client = waiting
    channel = channel_of(server)
    body = memoryview(bytes(5_000_000))
    client.sendall(b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 5000000\r\n\r\n")
    client.setblocking(False)
    for _ in range(50):
        with contextlib.suppress(BlockingIOError):
            body = body[client.send(body) :]
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as other:
            other.sendall(b"POST / HTTP/1.0\r\n\r\n")  # the loop runs
            assert other.recv(12) == b"HTTP/1.0 200"
        assert channel.request is None or channel.request.body_bytes_received <= READ_BYTES
    held.released.set()
    client.settimeout(PATIENCE_S)
    client.sendall(body)
    answers = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answers.count(b"HTTP/1.1 200") == 2
    assert answers.endswith(b"5000000")


def test_who_has_gone_is_closed_by_the_loop_and_no_other_thread(
    waiting: tuple[WebServer, socket.socket], held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, client = waiting
    closed_by = []
    told, stands_still, go_on = threading.Event(), threading.Event(), threading.Event()
    close, tell = Channel.handle_close, Channel.send_continue
    waits = channel_of(server)

    def stand_still() -> None:
        stands_still.set()
        go_on.wait(PATIENCE_S)

    def noted_close(channel: Channel) -> None:
        closed_by.append(threading.current_thread().name)
        close(channel)

    def tell_who_has_gone(channel: Channel) -> None:
        waits.server.trigger.pull_trigger(stand_still)
        assert stands_still.wait(PATIENCE_S)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        tell(channel)
        told.set()

    monkeypatch.setattr(Channel, "handle_close", noted_close)
    monkeypatch.setattr(Channel, "send_continue", tell_who_has_gone)
    client.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    eventually(lambda: waits.request and waits.request.headers_finished, "the next request")
    held.released.set()
    assert told.wait(PATIENCE_S)
    go_on.set()
    eventually(lambda: closed_by, "the end")
    assert set(closed_by) == {"web"}


@pytest.mark.parametrize("before", [b"", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"])
def test_urgent_data_end_the_connection(
    held: Held, before: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with WebServer("127.0.0.1", 0, 2) as server:
        server.start(lambda: held.app)
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as client:
            client.sendall(before)
            client.send(b"!", socket.MSG_OOB)
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""
    assert caplog.text == ""
