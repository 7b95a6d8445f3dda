"""A stream of server-sent events: published frames as they come, and the status every second.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator

from publisher.as_json import Json
from publisher.live.event_log import EventLog, EventReader, Events

CONTENT_TYPE = "text/event-stream"
RETRY_MS = 1000
"""So long browsers wait before they come back."""
STATUS_S = 1.0
STATUS_AGE_S = 0.5
"""All readers share a status as long as it is no older."""


class SharedStatus:
    """The status as an event, made anew at most twice a second however many readers there are.

    Args:
        make: Returns what ``/api/status`` says.
    """

    def __init__(self, make: Callable[[], Json]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made_s = float("-inf")
        self._event = b""

    def event(self) -> bytes:
        """Return the bytes to send."""
        with self._lock:
            if time.monotonic() - self._made_s > STATUS_AGE_S:
                self._event = _event("status", json.dumps(self._make()).encode())
                self._made_s = time.monotonic()
            return self._event


def stream(log: EventLog, reader: EventReader, status: SharedStatus) -> Iterator[bytes]:
    """Return the bytes of a stream until the publisher ends.

    A comment goes with each status, so that whoever is between here and the reader sees life on
    the line, and the server notices within a second or two who has left.

    Args:
        log: Where the reader was admitted.
        reader: Who follows; whoever made it lets it leave.
        status: For the event of that name.
    """
    yield f"retry: {RETRY_MS}\n\n".encode()
    next_status_s = time.monotonic()
    while not log.closed:
        wait_s = next_status_s - time.monotonic()
        if wait_s <= 0:
            next_status_s = time.monotonic() + STATUS_S
            yield b": alive\n" + status.event()
        elif (batch := reader.next_batch(wait_s)).events:
            yield _batch(log, batch)
    if (batch := reader.next_batch(0)).events:  # the last frames of a recording
        yield _batch(log, batch)


def _batch(log: EventLog, batch: Events) -> bytes:
    frames = [_event("frame", event.data, log.id_of(event.number)) for event in batch.events]
    if not batch.missed_after:
        return b"".join(frames)
    first = log.id_of(batch.events[0].number)
    missed = json.dumps({"after": batch.missed_after, "before": first})
    return _event("missed", missed.encode()) + b"".join(frames)


def _event(name: str, data: bytes, event_id: str = "") -> bytes:
    """Write an event; ``data`` is one line."""
    head = f"event: {name}\n" + (f"id: {event_id}\n" if event_id else "")
    return head.encode() + b"data: " + data + b"\n\n"
