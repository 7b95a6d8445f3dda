"""A track's labels over time, as a strip of colours in SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from publisher.drawing.palette import colour_of
from publisher.report.summary import CameraSummary, Segment, Track, shares

COLUMNS = 600
"""A strip is divided into so many columns; each has the colour of the label it had for longest."""
STRIP_HEIGHT = 12
TICKS = 6
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


def strip(camera: CameraSummary, track: Track) -> str:
    """Draw a track over the whole time of its camera; return an SVG element."""
    columns = _columns(track.segments, camera.start_s, camera.duration_s)
    rectangles = "".join(
        f'<rect x="{start}" width="{width}" height="{STRIP_HEIGHT}" fill="{colour}"/>'
        for start, width, colour in _runs(columns)
    )
    text = escape(describe(track), quote=True)
    return (
        f'<svg viewBox="0 0 {COLUMNS} {STRIP_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{text}">{rectangles}</svg>'
    )


def describe(track: Track) -> str:
    """Say in words what the strip shows."""
    parts = ", ".join(f"{label} {percent(share)}" for label, share in shares(track.labels))
    span = f"{clock(track.start_s)} to {clock(track.end_s)}"
    return f"Face {track.track_id}, {span}: {parts or 'never classified'}"


def ticks(camera: CameraSummary) -> list[tuple[float, str]]:
    """Return the marks of the time axis: where, in percent, and what."""
    span_s = camera.duration_s
    if span_s <= 0:
        return [(0.0, clock(camera.start_s))]
    step_s = next((step for step in STEPS_S if span_s / step <= TICKS), 86400)
    first = int(-(-camera.start_s // step_s))
    marks = []
    while first * step_s <= camera.end_s:
        at_s = first * step_s
        text = clock(at_s) if step_s < 1 else clock(at_s).partition(".")[0]
        marks.append((100 * (at_s - camera.start_s) / span_s, text))
        first += 1
    return marks


def clock(seconds: float) -> str:
    """Write a time as ``0:41.3``, ``12:05`` or ``1:02:03``."""
    if round(seconds, 1) < 60:
        return f"0:{seconds:04.1f}"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def percent(share: float) -> str:
    """Write a share of 0 to 1; what is there at all is never nought."""
    return f"{share * 100:.0f} %" if share >= 0.01 else "under 1 %"


def _columns(segments: Sequence[Segment], start_s: float, span_s: float) -> list[str | None]:
    """Return the colour of the label each column had for longest, None where the face was not."""
    longest: list[tuple[float, str | None]] = [(0.0, None)] * COLUMNS
    scale = COLUMNS / span_s if span_s > 0 else 0.0
    for segment in segments:
        low, high = (segment.start_s - start_s) * scale, (segment.end_s - start_s) * scale
        high = max(high, low + 0.5)  # a single sighting is seen too
        for at in range(min(int(low), COLUMNS - 1), min(int(high) + 1, COLUMNS)):
            covered = min(high, at + 1) - max(low, at)
            if covered > longest[at][0]:
                longest[at] = (covered, colour_of(segment.label))
    return [colour for _, colour in longest]


def _runs(columns: Sequence[str | None]) -> Iterator[tuple[int, int, str]]:
    """Join neighbours: where a run begins, how wide it is, and its colour."""
    start = 0
    for colour, run in groupby(columns):
        width = sum(1 for _ in run)
        if colour is not None:
            yield start, width, colour
        start += width
