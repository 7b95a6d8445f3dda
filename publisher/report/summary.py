"""What is counted of recorded results, in one pass and little memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from publisher.faces import Face
from publisher.recording.source_clock import SourceClock
from publisher.results.reader import Row

GAP_S = 1.0
"""A face that was not seen for longer has a gap in its timeline; its track lives as long."""


@dataclass(slots=True)
class Segment:
    """A time in which a track had one label, or none yet, in seconds of the camera's clock."""

    label: str | None
    start_s: float
    end_s: float


@dataclass(slots=True)
class Track:
    """One face from its first sighting to its last."""

    track_id: int
    labels: Counter[str | None] = field(default_factory=Counter)
    segments: list[Segment] = field(default_factory=list)

    @property
    def sightings(self) -> int:
        """In how many frames it was shown."""
        return self.labels.total()

    @property
    def start_s(self) -> float:
        """When it was first shown."""
        return self.segments[0].start_s

    @property
    def end_s(self) -> float:
        """When it was last shown."""
        return self.segments[-1].end_s

    def add_sighting(self, label: str | None, at_s: float) -> None:
        """Count a sighting."""
        self.labels[label] += 1
        last = self.segments[-1] if self.segments else None
        is_seamless = last is not None and at_s - last.end_s <= GAP_S
        if last is not None and is_seamless:
            last.end_s = at_s
        if last is None or not is_seamless or last.label != label:
            self.segments.append(Segment(label, at_s, at_s))


@dataclass(slots=True)
class CameraSummary:
    """The records of one camera."""

    name: str
    frames: int = 0
    start_s: float = 0.0
    end_s: float = 0.0
    tracks: dict[int, Track] = field(default_factory=dict)
    clock: SourceClock = field(default_factory=SourceClock)
    last_frame_id: int | None = None

    @property
    def duration_s(self) -> float:
        """From the first frame to the last."""
        return self.end_s - self.start_s

    def add_frame(self, frame_id: int, pts_s: float) -> None:
        """Count a frame, whatever number of records it has."""
        if frame_id == self.last_frame_id:
            return
        self.last_frame_id = frame_id
        self.end_s = self.clock.time_s(pts_s)
        if not self.frames:
            self.start_s = self.end_s
        self.frames += 1

    def add_face(self, face: Face) -> None:
        """Count a face that is shown in the last frame."""
        track = self.tracks.setdefault(face.track_id, Track(face.track_id))
        track.add_sighting(face.label, self.end_s)


class Summary:
    """All cameras, in the order of their first frames."""

    def __init__(self) -> None:
        self.cameras: dict[str, CameraSummary] = {}

    def add_row(self, row: Row) -> float:
        """Take in a record; return the time of its frame on its camera's clock."""
        camera = self.cameras.get(row.camera)
        if camera is None:
            camera = self.cameras[row.camera] = CameraSummary(row.camera)
        camera.add_frame(row.frame_id, row.pts_s)
        if row.face is not None and row.face.shown:
            camera.add_face(row.face)
        return camera.end_s

    @property
    def labels(self) -> Counter[str | None]:
        """How often each label was shown; None is a face that was never classified."""
        total: Counter[str | None] = Counter()
        for camera in self.cameras.values():
            for track in camera.tracks.values():
                total.update(track.labels)
        return total


def shares(labels: Counter[str | None]) -> list[tuple[str, float]]:
    """Return the share of each label among the faces that have one, the largest first."""
    named = {label: count for label, count in labels.items() if label is not None}
    total = sum(named.values())
    ordered = sorted(named.items(), key=lambda item: (-item[1], item[0]))
    return [(label, count / total) for label, count in ordered]
