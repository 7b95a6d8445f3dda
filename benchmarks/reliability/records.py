"""What a run has written: how far it is, and how it differs from a run that nothing disturbed."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability.watcher import Watcher
from common.errors import SourceError
from common.face_model import LABELS

LOOK_S = 0.02
JUDGED = ("x", "y", "w", "h", *LABELS)
"""What depends on the frame alone. The numbers of tracks do not have to be the same, nor the labels
smoothed over them: a publisher that was killed begins new ones."""

Faces = tuple[tuple[str, ...], ...]


class Written(Watcher):
    """How many frames a results file has, and since when."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._offset = 0
        self._rest = b""
        self.grown: list[tuple[float, int]] = [(time.monotonic(), 0)]

    @property
    def frames(self) -> int:
        """The number of frames up to now; the file has them in order."""
        return self.grown[-1][1]

    def moments(self) -> list[float]:
        """Return when frames were found in the file."""
        return [at for at, _ in list(self.grown)]

    def watch(self) -> None:
        """Look at the file until told to end."""
        while not self._ended.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Read what has come to the file."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        number = lines[-1].split(b",")[1] if lines else b""
        if number.isdigit() and int(number) + 1 > self.frames:  # not the titles
            self.grown.append((time.monotonic(), int(number) + 1))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the frames of a run that was disturbed.

    Attributes:
        frames: How many there were.
        lost: Those without a record.
        doubled: Those with records in two places.
        differing: Those whose boxes or probabilities are not those of the quiet run.
    """

    frames: int
    lost: int
    doubled: int
    differing: int

    @property
    def right(self) -> bool:
        """Whether every frame has its records exactly once, and the right ones."""
        return not (self.lost or self.doubled or self.differing)


def read_faces(path: Path) -> tuple[dict[int, Faces], int]:
    """Return the faces of each frame, and how many frames have records in two places."""
    faces: dict[int, Faces] = {}
    doubled, last = 0, -1
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            frame_id = int(row["frame_id"])
            if frame_id != last and frame_id in faces:
                doubled += 1
            face = (tuple(row[name] for name in JUDGED),) if row["x"] else ()
            faces[frame_id] = (*faces.get(frame_id, ()), *face)
            last = frame_id
    return faces, doubled


def read_quiet(path: Path, period: int) -> list[Faces]:
    """Return the faces of a recording's frames from a quiet run over it, twice over.

    Raises:
        SourceError: Its second half is not as its first, or a frame is missing.
    """
    faces, doubled = read_faces(path)
    if doubled or sorted(faces) != list(range(2 * period)):
        raise SourceError(f"{path}: the quiet run lacks frames or has some twice")
    first, second = ([_sorted(faces[at + n]) for n in range(period)] for at in (0, period))
    if first != second:
        raise SourceError(f"{path}: the recording gives other faces when it comes again")
    return first


def compare(path: Path, frames: int, quiet: list[Faces]) -> Comparison:
    """Hold the records of a disturbed run against those of a quiet one.

    Args:
        path: The results of the disturbed run.
        frames: How many frames it had: the recording again and again.
        quiet: The faces of the recording's frames.
    """
    faces, doubled = read_faces(path)
    lost = sum(frame_id not in faces for frame_id in range(frames))
    differing = sum(
        _sorted(found) != quiet[frame_id % len(quiet)] for frame_id, found in faces.items()
    )
    return Comparison(frames, lost, doubled, differing)


def _sorted(faces: Faces) -> Faces:
    """Return faces in an order that does not depend on their tracks."""
    return tuple(sorted(faces))
