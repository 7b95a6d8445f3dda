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
        label: The track's smoothed label, empty as long as the track was never classified.
        confidence: The smoothed probability of ``label``, 0 to 1.
        smoothed: The track's seven smoothed probabilities, empty with ``label``.
        probabilities: The classifier's seven for this very frame, empty where ``reused``.
        reused: The classification came too late: label and smoothed ones are those from before.
    """

    box: Box
    track_id: int
    label: str
    confidence: float
    smoothed: tuple[float, ...]
    probabilities: tuple[float, ...]
    reused: bool
