from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from benchmarks.performance.readers import Reader
from tests.support.waiting import eventually

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n"
BOUNDARY = b"\r\n--ferstream-picture\r\n"


def part(picture: bytes) -> bytes:
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
    return head + picture + BOUNDARY


@contextmanager
def server(pieces: list[bytes]) -> Iterator[str]:
    """Send these pieces, each as a packet of its own, and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with closing(listener.accept()[0]) as viewer:
                viewer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                viewer.recv(1000)
                for piece in pieces:
                    viewer.sendall(piece)
                    time.sleep(0.005)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def read_all(url: str) -> tuple[Reader, list[bytes]]:
    reader = Reader(url)
    pictures: list[bytes] = []

    def ended() -> bool:
        try:
            pictures.extend(reader.read())
        except BlockingIOError:
            return False
        except EOFError:
            return True
        return False

    with closing(reader.socket):
        eventually(ended, "the end of the stream")
    return reader, pictures


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_pictures_are_whole_however_their_bytes_come(size: int) -> None:
    sent = [b"first\r\n\r\npicture", b"", b"third"]
    stream = HEAD + BOUNDARY[2:] + b"".join(map(part, sent))
    with server([stream[at : at + size] for at in range(0, len(stream), size)]) as url:
        reader, pictures = read_all(url)
    assert pictures == sent
    assert reader.pictures == len(sent)
    assert reader.received == len(stream)


def test_a_viewer_that_is_turned_away_says_so() -> None:
    with server([b"HTTP/1.0 503 SERVICE UNAVAILABLE\r\n\r\nfull"]) as url:
        reader = Reader(url)
        with closing(reader.socket), pytest.raises(RuntimeError, match="503"):
            eventually(lambda: _read(reader), "an answer")


def _read(reader: Reader) -> list[bytes]:
    try:
        return reader.read()
    except BlockingIOError:
        return []
