"""How large a body may be, over real connections."""

from __future__ import annotations

import contextlib
import json
import socket
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from flask import Flask, request

from publisher.uploads.image import ANALYZE_PATH, MAX_UPLOAD_BYTES
from publisher.web.body_limit import MAX_BODY_BYTES, MAX_DISCARDED_BYTES
from publisher.web.server import WebServer

PATIENCE_S = 10.0


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A server whose application says how many bytes it was given."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    app = Flask("test")
    for path in (ANALYZE_PATH, "/other"):
        app.add_url_rule(path, path, lambda: str(len(request.get_data())), methods=["GET", "POST"])
    with WebServer("127.0.0.1", 0, 2) as made:
        made.start(app)
        yield made


def exchange(
    server: WebServer, head: str, pieces: Iterable[bytes] = ()
) -> tuple[str, dict[str, str], bytes]:
    """Send a request piece by piece, to its end, as a browser does; give the whole answer."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as client:
        client.sendall(f"{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        for piece in pieces:
            client.sendall(piece)
        answer = b""
        while chunk := client.recv(65_536):
            answer += chunk
    top, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = top.decode().split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


def post(path: str, size: int) -> str:
    return f"POST {path} HTTP/1.1\r\nContent-Length: {size}"


@pytest.mark.parametrize(
    ("path", "limit"), [("/other", MAX_BODY_BYTES), (ANALYZE_PATH, MAX_UPLOAD_BYTES)]
)
def test_body_up_to_its_addresss_limit_is_taken_and_no_larger_one(
    server: WebServer, path: str, limit: int
) -> None:
    status, _, body = exchange(server, post(path, limit - 1), [bytes(limit - 1)])
    assert (status, body) == ("HTTP/1.1 200 OK", str(limit - 1).encode())
    status, headers, body = exchange(server, post(path, limit), [bytes(limit)])
    assert status.startswith("HTTP/1.1 413")
    assert headers["Content-Type"] == "application/json"
    assert f"less than {limit} bytes" in json.loads(body)["error"]


def test_body_that_is_too_large_is_kept_nowhere(server: WebServer, tmp_path: Path) -> None:
    piece = bytes(1024 * 1024)
    count = 3 * MAX_UPLOAD_BYTES // len(piece)

    def pieces() -> Iterator[bytes]:
        for _ in range(count):
            yield piece
            assert _open_files_in(tmp_path) == []

    status, _, _ = exchange(server, post(ANALYZE_PATH, count * len(piece)), pieces())
    assert status.startswith("HTTP/1.1 413")


def test_endless_body_is_cut_off_at_its_announcement(server: WebServer) -> None:
    status, headers, _ = exchange(server, post(ANALYZE_PATH, MAX_DISCARDED_BYTES))
    assert status.startswith("HTTP/1.1 413")
    assert headers["Connection"] == "close"


def test_client_that_asks_first_is_told_before_it_sends(server: WebServer) -> None:
    head = post(ANALYZE_PATH, MAX_UPLOAD_BYTES) + "\r\nExpect: 100-continue"
    status, _, _ = exchange(server, head)
    assert status.startswith("HTTP/1.1 413")
    head = post(ANALYZE_PATH, 3) + "\r\nExpect: 100-continue"
    status, _, _ = exchange(server, head, [b"abc"])
    assert status == "HTTP/1.1 100 Continue"


def test_body_without_an_announced_size_is_cut_off_at_the_limit(server: WebServer) -> None:
    head = "POST /other HTTP/1.1\r\nTransfer-Encoding: chunked"
    chunk = b"%x\r\n%s\r\n" % (1000, bytes(1000))
    status, _, body = exchange(server, head, [chunk * 3, b"0\r\n\r\n"])
    assert (status, body) == ("HTTP/1.1 200 OK", b"3000")
    status, _, _ = exchange(server, head, [chunk * (MAX_BODY_BYTES // 1000 + 1)])
    assert status.startswith("HTTP/1.1 413")


def _open_files_in(folder: Path) -> list[str]:
    """Give this process's open files in a folder, also deleted ones, where the system says."""
    listing = Path("/proc/self/fd")
    names = []
    for entry in listing.iterdir() if listing.exists() else ():
        with contextlib.suppress(FileNotFoundError):  # the listing itself was open
            names.append(str(entry.readlink()))
    return [name for name in names if name.startswith(str(folder))]
