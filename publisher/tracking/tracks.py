"""Following faces from frame to frame.

Each track expects its face where its motion leads, and boxes are assigned to tracks as they fit
best together. A track without a box lives on for a second of the source's time, and one is shown
only from its third box on: what is no face is rarely found three times. Everything here is a
function of the sequence of results alone, so a recording gives the same tracks however it was
worked through.
"""

from __future__ import annotations

from dataclasses import dataclass

from common.messages import Result
from publisher.faces import TURNED_AWAY, Box, Face, Pose, rounded, rounded_poses
from publisher.tracking.assignment import assign
from publisher.tracking.motion import Motion
from publisher.tracking.smoothing import Smoothed, smooth

TRACK_LIFE_S = 1.0
SHOWN_FROM = 3
"""A track is shown from so many sightings on."""


@dataclass(slots=True)
class _Track:
    track_id: int
    motion: Motion
    sightings: int
    smoothed: Smoothed | None = None

    @property
    def is_shown(self) -> bool:
        """Whether it was seen often enough."""
        return self.sightings >= SHOWN_FROM

    def see(self, box: Box, at_s: float) -> None:
        """Move to the box that was seen next."""
        self.motion = self.motion.move_to(box, at_s)
        self.sightings += 1


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one frame says about its faces, ready for a tracker.

    Attributes:
        pts_s: The frame's timestamp in the source.
        boxes: One a face.
        probabilities: One a face, rounded; empty where none came in time.
        poses: One a face, rounded; empty where they are not known.
        turned_away: Whether a face is turned too far to be judged; may be empty where none is.
    """

    pts_s: float
    boxes: tuple[Box, ...]
    probabilities: tuple[tuple[float, ...], ...]
    poses: tuple[Pose, ...] = ()
    turned_away: tuple[bool, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether no classification came too late."""
        away = self.turned_away or (False,) * len(self.boxes)
        return all(row or turned for row, turned in zip(self.probabilities, away, strict=True))


def sighting(result: Result) -> Sighting:
    """Return what a result says about its faces.

    All is rounded before anything else, so that records hold exactly what was used.
    """
    turned_away = result.turned_away or (False,) * len(result.boxes)
    rows = zip(result.probabilities.tolist(), result.reused, turned_away, strict=True)
    return Sighting(
        rounded(result.frame.pts_s),
        tuple((x, y, w, h) for x, y, w, h in result.boxes.tolist()),
        tuple(() if late or away else tuple(map(rounded, row)) for row, late, away in rows),
        rounded_poses(result.poses),
        result.turned_away,
    )


class Tracker:
    """The tracks of one camera."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._pts_s = float("-inf")
        self._is_cut = False

    def cut(self) -> None:
        """Forget all tracks: the next frame is a picture of its own.

        Its faces are shown at once, as there may be no other picture of them.
        """
        self._tracks.clear()
        self._is_cut = True

    def update(self, seen: Sighting) -> tuple[Face, ...]:
        """Follow the faces into the next frame; return them in the order of their boxes."""
        if seen.pts_s < self._pts_s:
            self._tracks.clear()  # the clip began again
        self._pts_s = seen.pts_s
        oldest_s = seen.pts_s - TRACK_LIFE_S
        self._tracks = [track for track in self._tracks if track.motion.at_s >= oldest_s]
        expected = [track.motion.predict(seen.pts_s) for track in self._tracks]
        matched = assign(expected, seen.boxes)
        tracks = [
            self._tracks[matched[at]] if at in matched else self._new_track(box, seen.pts_s)
            for at, box in enumerate(seen.boxes)
        ]
        self._is_cut = False
        poses = seen.poses or (None,) * len(tracks)
        turned_away = seen.turned_away or (False,) * len(tracks)
        described = zip(tracks, seen.boxes, seen.probabilities, poses, turned_away, strict=True)
        return tuple(
            _turn_away(track, box, pose, seen.pts_s)
            if away
            else _advance(track, box, probabilities, pose, seen.pts_s)
            for track, box, probabilities, pose, away in described
        )

    def _new_track(self, box: Box, pts_s: float) -> _Track:
        sightings = SHOWN_FROM if self._is_cut else 0
        track = _Track(self._next_id, Motion(box, pts_s), sightings)
        self._next_id += 1
        self._tracks.append(track)
        return track


def _advance(
    track: _Track,
    box: Box,
    probabilities: tuple[float, ...],
    pose: Pose | None,
    pts_s: float,
) -> Face:
    """Move a track to its new box and take in its probabilities, if any came."""
    track.see(box, pts_s)
    if probabilities:
        track.smoothed = smooth(track.smoothed, probabilities, pts_s)
    known = track.smoothed
    return Face(
        box=box,
        track_id=track.track_id,
        shown=track.is_shown,
        label=known.label if known else None,
        confidence=known.confidence if known else None,
        smoothed=known.probabilities if known else (),
        probabilities=probabilities,
        reused=not probabilities,
        pose=pose,
    )


def _turn_away(track: _Track, box: Box, pose: Pose | None, pts_s: float) -> Face:
    """Move a track to its new box, whose face is not judged.

    What it showed before is forgotten as a track without a box would be: the same face a second
    later is judged afresh.
    """
    track.see(box, pts_s)
    if track.smoothed is not None and track.smoothed.at_s < pts_s - TRACK_LIFE_S:
        track.smoothed = None
    return Face(
        box=box,
        track_id=track.track_id,
        shown=track.is_shown,
        label=TURNED_AWAY,
        confidence=None,
        smoothed=(),
        probabilities=(),
        reused=False,
        pose=pose,
    )
