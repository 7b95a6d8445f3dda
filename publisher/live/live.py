"""Everything that is kept of published frames for who reads data instead of watching pictures."""

from __future__ import annotations

from collections.abc import Sequence

from common.messages import Frame, FrameTimes
from publisher.faces import Face
from publisher.live.event_log import EventLog
from publisher.live.history import History
from publisher.live.latencies import Latencies
from publisher.live.published_frame import published_frame


class LiveData:
    """The events, the history and the latencies of all cameras.

    Args:
        max_readers: How many may follow the events at once.
    """

    def __init__(self, max_readers: int) -> None:
        self.events = EventLog(max_readers)
        self.history = History()
        self.latencies = Latencies()

    def add(self, frame: Frame, faces: Sequence[Face], times: FrameTimes) -> None:
        """Take in a frame that is published now."""
        self.latencies.observe(frame, times)
        published = published_frame(frame, faces)
        self.events.add(published)
        self.history.add(published)

    def forget(self, camera: str) -> None:
        """Measure a camera no longer; what it showed is forgotten as it grows old."""
        self.latencies.forget(camera)
        self.history.forget(camera)
