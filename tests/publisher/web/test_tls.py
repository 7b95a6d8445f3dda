"""Https over real connections: what is answered, what is refused, and that nobody waits for it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask, Response, request

from publisher.stage import tls_of
from publisher.uploads.upload import MAX_UPLOAD_BYTES
from publisher.web import connections
from publisher.web.server import WebServer
from tests.publisher.web.certificates import config_of, make_certificate
from tests.support.programs import needed
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PATIENCE_S = 20.0
PIECE = bytes(100_000)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "server")


@pytest.fixture
def watching() -> set[int]:
    """Which viewers there are."""
    return set()


@pytest.fixture
def server(files: tuple[Path, Path], watching: set[int]) -> Iterator[WebServer]:
    """A server with https, whose application streams, counts and says how it was asked."""
    app = Flask("test")

    @app.post("/")
    def count() -> str:
        return str(len(request.get_data()))

    @app.get("/")
    def scheme() -> str:
        return request.url

    @app.get("/stream")
    def stream() -> Response:
        def pieces() -> Iterable[bytes]:
            while True:
                yield PIECE

        response = Response(pieces())
        watching.add(id(response))
        response.call_on_close(lambda: watching.discard(id(response)))
        return response

    config = config_of(PUBLISHER_TLS_CERT=files[0], PUBLISHER_TLS_KEY=files[1])
    with WebServer("127.0.0.1", 0, 4, tls=tls_of(config)) as made:
        made.start(lambda: app)
        yield made


def raw(server: WebServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE_S)


@pytest.fixture
def trusting(files: tuple[Path, Path]) -> ssl.SSLContext:
    """What a client has that trusts this certificate and no other."""
    return ssl.create_default_context(cafile=str(files[0]))


def connect(server: WebServer, trusting: ssl.SSLContext) -> ssl.SSLSocket:
    return trusting.wrap_socket(raw(server), server_hostname="localhost")


def ask(client: socket.socket, line: str, body: bytes = b"") -> bytes:
    head = f"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = b""
    while chunk := client.recv(65_536):
        answer += chunk
    return answer


def test_the_page_is_answered_encrypted(server: WebServer, trusting: ssl.SSLContext) -> None:
    assert server.url == f"https://localhost:{server.port}"
    with connect(server, trusting) as client:
        assert client.version() in ("TLSv1.2", "TLSv1.3")
        assert ask(client, "GET /").endswith(b"https://localhost/")


def test_uploads_and_answers_larger_than_a_record_come_whole(
    server: WebServer, trusting: ssl.SSLContext
) -> None:
    with connect(server, trusting) as client:
        answer = ask(client, "POST /", bytes(MAX_UPLOAD_BYTES))
        assert answer.endswith(str(MAX_UPLOAD_BYTES).encode())
    with connect(server, trusting) as client:
        client.sendall(b"GET /stream HTTP/1.0\r\n\r\n")
        received = bytearray()
        while len(received) < 5_000_000:
            received += client.recv(65_536)
        assert received.partition(b"\r\n\r\n")[2].count(0) > 4_900_000


def test_curl_says_that_the_answer_ended_as_it_should(
    server: WebServer, files: tuple[Path, Path]
) -> None:
    command = [needed("curl"), "-sS", "--max-time", "20", "--cacert", str(files[0])]
    command += ["--http1.0", f"{server.url}/"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == f"{server.url}/".encode()


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-x\r\n", b"\x16\x03\x01\xff\xff" + bytes(300), bytes(5000)]
)
def test_who_speaks_no_tls_is_hung_up_on(server: WebServer, said: bytes) -> None:
    with raw(server) as client:
        client.sendall(said)
        answer = b""
        with contextlib.suppress(ConnectionResetError):  # what it sent was not all read
            while chunk := client.recv(100):
                answer += chunk
        assert b"HTTP" not in answer


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_who_forgot_the_s_of_https_is_told(server: WebServer, method: str) -> None:
    with raw(server) as client:
        client.sendall(
            f"{method} / HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 2000}\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"https://" in answer


def test_those_who_stop_within_the_handshake_keep_nobody_waiting(
    server: WebServer, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    hello = ssl.MemoryBIO()
    handshake = trusting.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    said = hello.read()
    silent = [raw(server) for _ in range(400)]
    for number, client in enumerate(silent):
        client.sendall(said[: number % len(said)])
    with connect(server, trusting) as client:
        assert b"200 OK" in ask(client, "GET /")
    monkeypatch.setattr(connections, "STEP_S", 0.2)
    for client in silent:
        while client.recv(65_536):  # until the server hangs up
            pass
        client.close()


def test_viewers_who_vanish_are_missed(
    server: WebServer, trusting: ssl.SSLContext, watching: set[int]
) -> None:
    viewers = [connect(server, trusting) for _ in range(3)]
    for viewer in viewers:
        viewer.sendall(b"GET /stream HTTP/1.0\r\n\r\n")
        assert viewer.recv(10)
    assert len(watching) == 3
    for viewer in viewers:
        viewer.close()
    eventually(lambda: not watching, "all to be missed")


def test_it_closes_while_somebody_does_not_read(
    files: tuple[Path, Path], trusting: ssl.SSLContext
) -> None:
    asked = threading.Event()

    def make() -> WSGIApplication:
        app = Flask("test")

        @app.get("/")
        def endless() -> Response:
            asked.set()
            return Response(PIECE for _ in iter(int, 1))

        return app

    config = config_of(PUBLISHER_TLS_CERT=files[0], PUBLISHER_TLS_KEY=files[1])
    with WebServer("127.0.0.1", 0, 1, tls=tls_of(config)) as server:
        server.start(make)
        with connect(server, trusting) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert asked.wait(PATIENCE_S)
            server.close()
