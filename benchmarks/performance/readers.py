"""Many viewers of one MJPEG stream in one process, which note when each picture came.

    python -m benchmarks.performance.readers URL VIEWERS SECONDS FRAMES

The stream shows ``Recordings.numbered`` of so many frames. Each viewer is a connection that is read
as fast as it comes. A picture's number is read out of it, and ``/events`` says when that frame was
captured; what lies between is the picture's age at the viewer, reading it included. Prints
``ready`` when all are connected and have had a picture, and one line of JSON at the end.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import threading
import time
from bisect import bisect_right
from collections import defaultdict
from datetime import datetime
from urllib.parse import urlsplit

import cv2
import numpy as np

from benchmarks.performance.recordings import FPS, read_number
from tests.support.http_stream import EventStream

RECEIVE_BYTES = 262_144
END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"Content-Length: "


class Reader:
    """One viewer.

    Attributes:
        received: Bytes so far.
        pictures: Pictures so far.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port or 80))
        request = f"GET /video_feed HTTP/1.0\r\nHost: {address.netloc}\r\n\r\n"
        self.socket.sendall(request.encode())
        self.socket.setblocking(False)
        self.received = self.pictures = 0
        self._buffer = bytearray()
        self._head_read = False

    def read(self) -> list[bytes]:
        """Take what has come; return the pictures that are whole now.

        Raises:
            EOFError: The server has hung up.
            RuntimeError: It does not let this viewer in.
        """
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise EOFError("the server has hung up")
        self.received += len(data)
        self._buffer += data
        if not self._head_read:
            self._read_head()
        pictures = []
        while (picture := self._take_picture()) is not None:
            pictures.append(picture)
        self.pictures += len(pictures)
        return pictures

    def _read_head(self) -> None:
        end = self._buffer.find(END_OF_HEAD)
        if end < 0:
            return
        first_line = bytes(self._buffer[: self._buffer.find(b"\r\n")])
        if b" 200 " not in first_line:
            raise RuntimeError(f"a viewer was answered {first_line.decode()}")
        del self._buffer[: end + len(END_OF_HEAD)]
        self._head_read = True

    def _take_picture(self) -> bytes | None:
        end = self._buffer.find(END_OF_HEAD) if self._head_read else -1
        if end < 0:
            return None
        start, at = end + len(END_OF_HEAD), self._buffer.find(LENGTH)
        length = int(self._buffer[at + len(LENGTH) : end].split(b"\r\n")[0])
        if len(self._buffer) < start + length:
            return None
        picture = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return picture


class Captures:
    """When each frame was captured, as ``/events`` says, in a thread."""

    def __init__(self, url: str, frames: int) -> None:
        self._frames = frames
        self._captured_s: defaultdict[int, list[float]] = defaultdict(list)
        threading.Thread(target=self._read, args=[EventStream(url)], daemon=True).start()

    def age_s(self, number: int, arrived_s: float) -> float | None:
        """Return how long before that moment the frame was last captured; None if not known."""
        captured_s = self._captured_s[number]
        place = bisect_right(captured_s, arrived_s)
        return arrived_s - captured_s[place - 1] if place else None

    def _read(self, events: EventStream) -> None:
        while event := events.next_event():
            if event.name == "frame":
                number = round(event.data["pts_s"] * FPS) % self._frames
                captured = datetime.fromisoformat(event.data["captured_at"])
                self._captured_s[number].append(captured.timestamp())


class Gallery:
    """The pictures that came, each kept once, and when they came."""

    def __init__(self) -> None:
        self._pictures: dict[int, bytes] = {}
        self._arrived_s: defaultdict[int, list[float]] = defaultdict(list)

    def add(self, picture: bytes, arrived_s: float) -> None:
        """Take in a picture; all viewers get the same bytes."""
        key = hash(picture)
        self._pictures.setdefault(key, picture)
        self._arrived_s[key].append(arrived_s)

    def ages_ms(self, captures: Captures) -> list[float]:
        """Return the age of each picture at each viewer."""
        ages = []
        for key, picture in self._pictures.items():
            bgr = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
            number = read_number(np.asarray(bgr, np.uint8))
            found = (captures.age_s(number, at_s) for at_s in self._arrived_s[key])
            ages += [1000 * age_s for age_s in found if age_s is not None]
        return ages


def read_for(
    selector: selectors.BaseSelector, until_s: float, gallery: Gallery | None = None
) -> None:
    """Read all viewers until a moment of the wall clock; a gallery keeps what comes."""
    while time.time() < until_s:
        for key, _ in selector.select(timeout=0.1):
            for picture in key.data.read():
                if gallery is not None:
                    gallery.add(picture, time.time())


def main() -> int:
    """Watch."""
    url, viewers, seconds, frames = sys.argv[1], *map(float, sys.argv[2:5])
    captures = Captures(url, int(frames))
    selector = selectors.DefaultSelector()
    readers = [Reader(url) for _ in range(int(viewers))]
    for reader in readers:
        selector.register(reader.socket, selectors.EVENT_READ, reader)
    deadline_s = time.time() + 20
    while not all(reader.pictures for reader in readers):
        if time.time() > deadline_s:
            raise TimeoutError(f"{sum(not r.pictures for r in readers)} viewers see no picture")
        read_for(selector, time.time() + 0.2)
    read_for(selector, time.time() + 1)
    print("ready", flush=True)
    gallery = Gallery()
    bytes_before = sum(reader.received for reader in readers)
    pictures_before = [reader.pictures for reader in readers]
    began_s, cpu_s = time.time(), time.process_time()
    read_for(selector, began_s + seconds, gallery)
    passed_s, used_s = time.time() - began_s, time.process_time() - cpu_s
    rates = [(r.pictures - n) / passed_s for r, n in zip(readers, pictures_before, strict=True)]
    time.sleep(0.2)  # the last events come
    p50, p95, p99 = np.percentile(gallery.ages_ms(captures), (50, 95, 99)).tolist()
    report = {
        "rates": sorted(rates),
        "bytes_s": (sum(reader.received for reader in readers) - bytes_before) / passed_s,
        "ages_ms": [p50, p95, p99],
        "cores": used_s / passed_s,
    }
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
