"""Where the server listens, and what it says when it cannot."""

from __future__ import annotations

import socket

import pytest
from flask import Flask

from common.errors import ConfigError
from publisher.web.server import WebServer


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
            server.start(Flask("test"))
            server.check()
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"GET /x HTTP/1.0\r\n\r\n")
                assert client.recv(100).startswith(b"HTTP/1.0 404")
