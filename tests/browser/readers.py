"""How many connections the page has at the server."""

from __future__ import annotations

import re

from tests.support.pipeline import Pipeline


def event_readers(pipeline: Pipeline) -> int:
    """Return how many follow ``/events``."""
    _, metrics = pipeline.get("/metrics")
    (count,) = re.findall(rb"^ferstream_event_readers (\d+)", metrics, re.MULTILINE)
    return int(count)


def streams(pipeline: Pipeline) -> int:
    """Return how many streams of pictures there are; a snapshot counts for a moment only."""
    return min(int(pipeline.status()["viewers"]) for _ in range(20))
