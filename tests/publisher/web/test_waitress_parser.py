"""Requests that take long to understand, or cannot be understood, over real connections."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from flask import Flask
from waitress.adjustments import Adjustments

from publisher.web.server import WebServer
from publisher.web.waitress_parser import MAX_BETWEEN_CHUNKS_BYTES, MAX_BLANKS, Parser

PATIENCE_S = 20.0  # what waitress makes of the first three took a minute each
LONG = 16_000
LINE = b"GET / HTTP/1.1\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
WORDS = b"a=b; c=d\t"


@pytest.fixture
def server() -> Iterator[WebServer]:
    """A server that answers ``GET /`` and ``POST /`` with 200."""
    app = Flask("test")
    app.route("/", methods=["GET", "POST"])(lambda: "")
    with WebServer("127.0.0.1", 0, 2) as made:
        made.start(lambda: app)
        yield made


def status(server: WebServer, request: bytes) -> bytes:
    """Send a request; return the status of its answer."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as client:
        with contextlib.suppress(ConnectionError):  # enough was heard
            client.sendall(request)
        return client.recv(12).removeprefix(b"HTTP/1.")[2:]


@pytest.mark.parametrize(
    "head",
    [
        b"GET a://" + b"1" * LONG + b" x\r\n",
        LINE + b"X:" + b" \t" * (2 * LONG) + b"x\r\n",
        LINE + b"X:" + b"\r\n " * LONG + b"x\r\n",
        LINE + b"X: x" + b" " * (MAX_BLANKS + 1) + b"\r\n",
        b"GET http://[ HTTP/1.1\r\n",
        LINE + b"Content-Length: " + b"9" * 5000 + b"\r\n",
    ],
    ids=["line", "blanks", "folded", "limit", "address", "number"],
)
def test_a_head_that_is_none_is_refused_at_once(
    server: WebServer, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert status(server, head + b"\r\n") == b"400"
    assert caplog.text == "", "who sends that writes no line of the log"


def test_request_that_is_refused_has_a_path_for_the_log() -> None:
    """Waitress logs it where the sender has gone before the answer."""
    parser = Parser(Adjustments())
    parser.received(b"GET http://[ HTTP/1.1\r\n\r\n")
    assert parser.error is not None
    assert parser.path == ""


def test_what_may_stand_in_a_head_is_taken(server: WebServer) -> None:
    assert status(server, b"GET http://localhost:1/ HTTP/1.1\r\n\r\n") == b"200"
    assert status(server, LINE + b"X:" + b" " * MAX_BLANKS + b"x\r\n\r\n") == b"200"
    assert status(server, LINE + b"Cookie: " + WORDS * 1000 + b"\r\n folded\r\n\r\n") == b"200"


@pytest.mark.parametrize("start", [b"1;", b"1\r\na\r\n0\r\nX: "], ids=["size", "trailer"])
def test_between_chunks_there_is_a_limit(server: WebServer, start: bytes) -> None:
    assert status(server, CHUNKED + start + b"a" * (3 * MAX_BETWEEN_CHUNKS_BYTES)) == b"400"
    short = b"a" * (MAX_BETWEEN_CHUNKS_BYTES // 2) + b"\r\n"
    rest = b"a\r\n0\r\n\r\n" if start == b"1;" else b"\r\n"
    assert status(server, CHUNKED + start + short + rest) == b"200"
