"""The newest published frames as events, and the readers that follow them.

All readers read the same short log, each from where it is: a reader costs its place and nothing
that grows. One that falls far behind is taken to the newest frames, one that comes back after a
moment goes on where it was; both are told what they have missed.
"""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from publisher.as_json import frame_json
from publisher.faces import PublishedFrame
from publisher.live.bounded import BoundedLog
from publisher.live.hub import TooManyViewersError

KEPT_FACES = 2_000
"""A frame counts as one more. Half a minute of a camera with one face; 2 to 3 MB."""
NEAR_FRAMES = 60
"""A reader who is further behind than this, two seconds of a camera, is taken to the newest."""
LONGEST_ID = 64


class Event:
    """A frame with its number; what is sent of it is made when it is first wanted and then kept."""

    def __init__(self, number: int, frame: PublishedFrame) -> None:
        self.number = number
        self.frame = frame

    @cached_property
    def data(self) -> bytes:
        """The frame as JSON, made twice where two readers want it at once: the same both times."""
        return json.dumps(frame_json(self.frame, self.frame.faces)).encode()


@dataclass(frozen=True, slots=True)
class Events:
    """What a reader gets next.

    Attributes:
        missed_after: The id behind which frames are missing; None where none are.
        events: Oldest first.
    """

    missed_after: str | None
    events: tuple[Event, ...]


class EventLog:
    """Where published frames meet readers; every method may be called from any thread.

    Args:
        max_readers: How many may follow at once.

    Attributes:
        readers: How many follow now.
        closed: Whether the publisher is ending, and every stream with it.
    """

    def __init__(self, max_readers: int) -> None:
        self.max_readers = max_readers
        self._run = secrets.token_hex(4)  # ids of another run are not mistaken for this one's
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._left = threading.Condition(self._lock)
        self._log = BoundedLog[Event](KEPT_FACES, lambda event: 1 + len(event.frame.faces))
        self._newest = 0
        self.readers = 0
        self.closed = False

    def add_frame(self, frame: PublishedFrame) -> None:
        """Make a frame the newest and wake the readers."""
        with self._lock:
            self._newest += 1
            self._log.add_entry(Event(self._newest, frame))
            self._changed.notify_all()

    def id_of(self, number: int) -> str:
        """Return the id that readers know an event by."""
        return f"{self._run}-{number}"

    def admit(self, camera: str | None, last_event_id: str | None = None) -> EventReader:
        """Let in a reader of a camera, or of all; it must ``leave``.

        Args:
            camera: None is all.
            last_event_id: The last that it has had; None where it comes for the first time.

        Raises:
            TooManyViewersError: The cap is reached.
        """
        with self._lock:
            if self.readers >= self.max_readers or self.closed:
                raise TooManyViewersError
            self.readers += 1
            if not last_event_id:
                return EventReader(self, camera, self._newest)
            number = self._number_of(last_event_id)
            if number is None:
                return EventReader(self, camera, self._newest, last_event_id[:LONGEST_ID])
            return EventReader(self, camera, number)

    def close(self) -> None:
        """End all streams."""
        with self._lock:
            self.closed = True
            self._changed.notify_all()

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Wait until the last reader has left; return whether that happened."""
        with self._lock:
            return self._left.wait_for(lambda: not self.readers, timeout_s)

    def leave(self) -> None:
        """Count a reader less."""
        with self._lock:
            self.readers -= 1
            self._left.notify_all()

    def wait_newer(self, than: int, timeout_s: float) -> tuple[Event, ...]:
        """Wait for events with a higher number; at the end return at once those that are left."""
        with self._lock:
            self._changed.wait_for(lambda: self.closed or self._newest > than, timeout_s)
            newest_first = tuple(takewhile(lambda event: event.number > than, reversed(self._log)))
        return newest_first[::-1]

    def _number_of(self, event_id: str) -> int | None:
        """Return the number in an id of this run, or None where it is of no event of this run."""
        run, _, text = event_id.partition("-")
        if run != self._run or not (text.isascii() and text.isdecimal()) or len(text) > 18:
            return None
        return int(text) if int(text) <= self._newest else None


class EventReader:
    """Somebody who follows; made by ``EventLog.admit`` and used by one thread.

    Args:
        log: Whom it follows.
        camera: None is all.
        number: The number of the last event that it has had.
        lost_id: The id it came with, where that is of no event of this log.
    """

    def __init__(
        self, log: EventLog, camera: str | None, number: int, lost_id: str | None = None
    ) -> None:
        self._log = log
        self._camera = camera
        self._number = number
        self._missed_after = lost_id
        self._resumes = True
        self._gone = False

    def next_batch(self, timeout_s: float) -> Events:
        """Wait for events that this reader has not had; empty where none come in time.

        At first those are all that are left behind the id that the reader came with, from
        then on the last ``NEAR_FRAMES`` at most.
        """
        found = self._log.wait_newer(self._number, timeout_s)
        if not found:
            return Events(None, ())
        wanted = [event for event in found if self._camera in (None, event.frame.camera)]
        sent = wanted if self._resumes else wanted[-NEAR_FRAMES:]
        forgotten = found[0].number > self._number + 1
        if self._missed_after is None and (forgotten or len(sent) < len(wanted)):
            self._missed_after = self._log.id_of(self._number)
        self._number, self._resumes = found[-1].number, False
        if not sent:
            return Events(None, ())
        missed_after, self._missed_after = self._missed_after, None
        return Events(missed_after, tuple(sent))

    def leave(self) -> None:
        """Make room for somebody else; may be called twice."""
        if not self._gone:
            self._gone = True
            self._log.leave()
