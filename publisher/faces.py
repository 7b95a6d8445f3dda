"""A face as the publisher shows and records it."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[int, int, int, int]
"""x, y, w, h in pixels of the full frame."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face of one frame.

    Attributes:
        box: Where it is.
        track_id: The same for the same face from frame to frame, counted from 1 per camera.
        shown: Whether the track was seen often enough to be shown; it is recorded from its first.
        label: The track's smoothed label or "uncertain"; empty as long as it was never classified.
        confidence: The smoothed probability of the leading expression, 0 to 1.
        smoothed: The track's seven smoothed probabilities, empty with ``label``.
        probabilities: The classifier's seven for this very frame, empty where ``reused``.
        reused: The classification came too late: label and smoothed ones are those from before.
    """

    box: Box
    track_id: int
    shown: bool
    label: str
    confidence: float
    smoothed: tuple[float, ...]
    probabilities: tuple[float, ...]
    reused: bool
