"""Bodies that are too large, over real connections; and that waitress is the one that was read."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from flask import Flask, request

from publisher.uploads.upload import MAX_UPLOAD_BYTES
from publisher.web.server import WebServer
from publisher.web.waitress_channel import Channel
from publisher.web.waitress_parser import MAX_DISCARDED_BYTES
from publisher.web.waitress_server import READ_VERSION

PATIENCE_S = 10.0
LARGE = MAX_UPLOAD_BYTES + 1
OK, TOO_LARGE = "HTTP/1.1 200 OK", "HTTP/1.1 413 REQUEST ENTITY TOO LARGE"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A server whose application says how many bytes it was given, and refuses as ours does."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    app = Flask("test")

    @app.post("/")
    def count() -> tuple[str, int]:
        size = request.content_length or 0
        return ("", 413) if size > MAX_UPLOAD_BYTES else (str(len(request.get_data())), 200)

    with WebServer("127.0.0.1", 0, 2) as made:
        made.start(lambda: app)
        yield made


def exchange(
    server: WebServer, head: str, pieces: Iterable[bytes] = ()
) -> tuple[str, list[str], bytes]:
    """Send a request to its end, as a browser does; return status, headers and body."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as client:
        start = f"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n\r\n"
        client.sendall(start.encode())
        for piece in pieces:
            client.sendall(piece)
        answer = b""
        while chunk := client.recv(65_536):
            answer += chunk
    top, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = top.decode().split("\r\n")
    return status, headers, body


def test_waitress_is_the_version_whose_private_names_were_read() -> None:
    assert version("waitress") == READ_VERSION, (
        "publisher/web/waitress_*.py use what waitress does not "
        "document: compare its adjustments.py, channel.py, parser.py, receiver.py, buffers.py, "
        "server.py, task.py, trigger.py and wasyncore.py in both versions "
        "for the names in its docstring, run the tests of tests/publisher/web, then raise "
        "READ_VERSION"
    )


def test_body_up_to_the_limit_is_taken_and_no_larger_one(server: WebServer) -> None:
    size = MAX_UPLOAD_BYTES
    status, _, body = exchange(server, f"Content-Length: {size}", [bytes(size)])
    assert (status, body) == (OK, str(size).encode())
    assert exchange(server, f"Content-Length: {LARGE}", [bytes(LARGE)])[0] == TOO_LARGE


def test_body_that_is_too_large_is_kept_nowhere(server: WebServer, tmp_path: Path) -> None:
    piece = bytes(1024 * 1024)
    count = 3 * MAX_UPLOAD_BYTES // len(piece)

    def pieces() -> Iterator[bytes]:
        for _ in range(count):
            yield piece
            assert _open_files_in(tmp_path) == []

    assert exchange(server, f"Content-Length: {count * len(piece)}", pieces())[0] == TOO_LARGE


def test_endless_body_is_cut_off_at_its_announcement(server: WebServer) -> None:
    status, headers, _ = exchange(server, f"Content-Length: {MAX_DISCARDED_BYTES}")
    assert status == TOO_LARGE
    assert "Connection: close" in headers


def test_client_that_asks_first_is_told_before_it_sends(server: WebServer) -> None:
    ask = "Expect: 100-continue\r\nContent-Length:"
    assert exchange(server, f"{ask} {LARGE}")[0] == TOO_LARGE
    assert exchange(server, f"{ask} 3", [b"abc"])[0] == "HTTP/1.1 100 Continue"


def test_body_without_an_announced_size_is_cut_off_at_the_limit(server: WebServer) -> None:
    head = "Transfer-Encoding: chunked"
    chunk = b"%x\r\n%s\r\n" % (1_000_000, bytes(1_000_000))
    status, _, body = exchange(server, head, [chunk * 3, b"0\r\n\r\n"])
    assert (status, body) == (OK, b"3000000")
    endless = chunk * (LARGE // len(chunk) + 1)
    status, _, _ = exchange(server, head, [endless[:LARGE]])  # the cut is at its last byte
    assert status == TOO_LARGE


def test_what_follows_a_body_that_is_cut_off_is_no_request(server: WebServer) -> None:
    next_one = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0"
    head = f"Content-Length: {MAX_DISCARDED_BYTES}\r\n\r\n{next_one}"
    status, _, body = exchange(server, head)
    assert status == TOO_LARGE
    assert b"HTTP/1.1" not in body


def test_requests_that_come_together_are_answered_in_turn(server: WebServer) -> None:
    first = "Content-Length: 1\r\n\r\naPOST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2"
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as client:
        client.sendall(f"POST / HTTP/1.1\r\nHost: localhost\r\n{first}\r\n\r\nab".encode())
        answers = b""
        while not answers.endswith(b"\r\n\r\n2"):
            answers += client.recv(65_536) or pytest.fail("the server has hung up")
    assert answers.count(OK.encode()) == 2


def test_who_asks_for_more_than_it_takes_is_answered_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered, answer = threading.Event(), bytes(20_000_000)
    answer_one = Channel.service

    def service(channel: Channel) -> None:
        answer_one(channel)
        answered.set()

    monkeypatch.setattr(Channel, "service", service)
    app = Flask("test")
    app.get("/")(lambda: answer)
    with WebServer("127.0.0.1", 0, 2) as server:
        server.start(lambda: app)
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
            assert answered.wait(PATIENCE_S)  # sooner taken, the next one would be answered too
            received = 0
            while piece := client.recv(65_536):
                received += len(piece)
    assert len(answer) < received < len(answer) + 1000


def _open_files_in(folder: Path) -> list[str]:
    """Return this process's open files in a folder, also deleted ones, where the system says."""
    listing = Path("/proc/self/fd")
    names = []
    for entry in listing.iterdir() if listing.exists() else ():
        with contextlib.suppress(FileNotFoundError):  # the listing itself was open
            names.append(str(entry.readlink()))
    return [name for name in names if name.startswith(str(folder))]
