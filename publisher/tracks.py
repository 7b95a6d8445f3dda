"""Following faces from frame to frame.

Boxes go to tracks greedily by overlap: the pair with the largest intersection over union first,
then the next among those left, ties by the older track and then by the order of the boxes. A track
without a box lives on for a second of the source's time. Everything here is a function of the
sequence of results alone, so a recording gives the same tracks however it was worked through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.face_model import LABELS
from publisher.faces import Box, Face
from publisher.smoothing import Smoothed, smooth

MIN_OVERLAP = 0.2  # a face that moves two thirds of its width between frames still overlaps so far
TRACK_LIFE_S = 1.0
PROBABILITY_DIGITS = 6
"""Probabilities are rounded before anything else, so that records hold exactly what was used."""


@dataclass(slots=True)
class _Track:
    track_id: int
    box: Box
    seen_at_s: float
    smoothed: Smoothed | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one frame says about its faces, ready for a tracker.

    Attributes:
        pts_s: The frame's timestamp in the source.
        boxes: One a face.
        probabilities: One a face, rounded; empty where none came in time.
    """

    pts_s: float
    boxes: tuple[Box, ...]
    probabilities: tuple[tuple[float, ...], ...]


def sighting(
    pts_s: float,
    boxes: NDArray[np.int32],
    probabilities: NDArray[np.float32],
    reused: Sequence[bool],
) -> Sighting:
    """Make a sighting of a result's arrays: ``(n, 4)`` boxes and ``(n, 7)`` probabilities."""
    return Sighting(
        round(pts_s, PROBABILITY_DIGITS),
        tuple((x, y, w, h) for x, y, w, h in boxes.tolist()),
        tuple(
            () if late else tuple(round(value, PROBABILITY_DIGITS) for value in row)
            for row, late in zip(probabilities.tolist(), reused, strict=True)
        ),
    )


class Tracker:
    """The tracks of one camera."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._pts_s = float("-inf")

    def cut(self) -> None:
        """Forget all tracks: the next frame has nothing to do with the last."""
        self._tracks.clear()

    def update(self, seen: Sighting) -> tuple[Face, ...]:
        """Follow the faces into the next frame; gives them in the order of their boxes."""
        if seen.pts_s < self._pts_s:
            self._tracks.clear()  # the clip began again
        self._pts_s = seen.pts_s
        oldest_s = seen.pts_s - TRACK_LIFE_S
        self._tracks = [track for track in self._tracks if track.seen_at_s >= oldest_s]
        matched = _match([track.box for track in self._tracks], seen.boxes)
        tracks = [
            self._tracks[matched[at]] if at in matched else self._new_track(box, seen.pts_s)
            for at, box in enumerate(seen.boxes)
        ]
        return tuple(
            _advance(track, box, probabilities, seen.pts_s)
            for track, box, probabilities in zip(
                tracks, seen.boxes, seen.probabilities, strict=True
            )
        )

    def _new_track(self, box: Box, pts_s: float) -> _Track:
        track = _Track(self._next_id, box, pts_s)
        self._next_id += 1
        self._tracks.append(track)
        return track


def _advance(track: _Track, box: Box, probabilities: tuple[float, ...], pts_s: float) -> Face:
    """Move a track to its new box and take in its probabilities, if any came."""
    track.box = box
    track.seen_at_s = pts_s
    if probabilities:
        track.smoothed = smooth(track.smoothed, probabilities, pts_s)
    known = track.smoothed
    return Face(
        box=box,
        track_id=track.track_id,
        label=LABELS[known.label] if known else "",
        confidence=known.confidence if known else 0.0,
        smoothed=known.probabilities if known else (),
        probabilities=probabilities,
        reused=not probabilities,
    )


def _match(tracks: Sequence[Box], boxes: Sequence[Box]) -> dict[int, int]:
    """Pair boxes with tracks; gives track index by box index."""
    if not tracks or not boxes:
        return {}
    overlap = overlaps(np.array(tracks, np.float64), np.array(boxes, np.float64))
    matched: dict[int, int] = {}
    taken: set[int] = set()
    for flat in np.argsort(-overlap, axis=None, kind="stable").tolist():
        track, box = divmod(flat, len(boxes))
        if overlap[track, box] < MIN_OVERLAP:
            break
        if track not in taken and box not in matched:
            taken.add(track)
            matched[box] = track
    return matched


def overlaps(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the intersection over union of each of ``(n, 4)`` with each of ``(m, 4)`` boxes."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = a[:, None, 2:].prod(axis=2) + b[None, :, 2:].prod(axis=2) - shared
    overlap: NDArray[np.float64] = np.divide(
        shared, union, out=np.zeros_like(shared), where=union > 0
    )
    return overlap
