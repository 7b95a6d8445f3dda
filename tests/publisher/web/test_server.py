"""Where the server listens, and what it says when it cannot."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from common.errors import ConfigError
from publisher.web.server import RESERVE_THREADS, WebServer
from publisher.web.waitress_threads import IDLE_THREADS
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def test_a_port_in_use_is_an_error_that_says_what_to_do() -> None:
    with (
        WebServer("127.0.0.1", 0, 1) as first,
        pytest.raises(ConfigError, match=rf"PUBLISHER_PORT={first.port}: .*in use.*another"),
    ):
        WebServer("127.0.0.1", first.port, 1)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_here_is_an_error(host: str) -> None:
    with pytest.raises(ConfigError, match=f"PUBLISHER_HOST={host}"):
        WebServer(host, 0, 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_address_to_open_is_named(host: str) -> None:
    with WebServer(host, 0, 1) as server:
        assert server.url == f"http://localhost:{server.port}"


def test_a_server_can_be_started_and_closed_again_and_again() -> None:
    port = 0
    for _ in range(3):
        with WebServer("127.0.0.1", port, 2) as server:
            port = server.port
            server.start(lambda: Flask("test"))
            server.check()
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"GET /x HTTP/1.0\r\n\r\n")
                assert client.recv(100).startswith(b"HTTP/1.0 404")


def answering_threads() -> int:
    return sum(thread.name.startswith("waitress") for thread in threading.enumerate())


def ask(server: WebServer) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), 10)
    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
    return client


def test_the_application_is_made_once_and_when_somebody_asks() -> None:
    made = []

    def make() -> WSGIApplication:
        eventually(lambda: answering_threads() == 5, "all requests")
        made.append(Flask("test"))
        return made[-1]

    with WebServer("127.0.0.1", 0, 2) as server, ExitStack() as clients:
        server.start(make)
        server.check()
        assert (made, answering_threads()) == ([], 0)
        for client in [clients.enter_context(ask(server)) for _ in range(5)]:
            assert client.recv(100).startswith(b"HTTP/1.0 404")
        assert len(made) == 1


def test_there_are_as_many_threads_as_requests_at_once_up_to_the_limit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    streams = 3
    arrived, released = threading.Semaphore(0), threading.Event()

    def hold(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        arrived.release()
        released.wait(10)
        start_response("200 OK", [])
        return [b"done"]

    with WebServer("127.0.0.1", 0, streams) as server, ExitStack() as clients:
        server.start(lambda: hold)
        most = streams + RESERVE_THREADS
        asked = []
        for count in range(1, most + 3):
            asked.append(clients.enter_context(ask(server)))
            if count <= most:
                assert arrived.acquire(timeout=10)
                assert answering_threads() == count
        assert not arrived.acquire(timeout=0.1)
        assert caplog.text == "", "those who wait decide about no line of the log"
        released.set()
        assert all(b"200 OK" in client.recv(100) for client in asked)
        eventually(lambda: answering_threads() == IDLE_THREADS, "the other threads to end")
        with ask(server) as client:
            assert b"200 OK" in client.recv(100)
