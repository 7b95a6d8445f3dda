"""The faces of every camera, followed through the results in their order."""

from __future__ import annotations

from collections import defaultdict

from common.contract import Mode
from common.messages import Result
from publisher.faces import Face
from publisher.tracking.tracks import Sighting, Tracker, sighting


class Following:
    """One tracker a camera, and which frames they have taken in.

    After a restart, of the broker or of this process, a lossless frame may come a second time.
    Taking it in twice would change the tracks, so it is recognised by its frame_id.
    """

    def __init__(self) -> None:
        self._trackers: defaultdict[str, Tracker] = defaultdict(Tracker)
        self._last: dict[str, int] = {}
        self._replayed: set[str] = set()

    def replay(self, camera: str, frame_id: int, seen: Sighting) -> None:
        """Take in a frame that the process before this one followed and recorded."""
        self._trackers[camera].update(seen)
        self._last[camera] = frame_id
        self._replayed.add(camera)

    def follow(self, result: Result) -> tuple[Face, ...] | None:
        """Return the faces of a result, or None where it was followed before."""
        frame = result.frame
        if frame.frame_id <= self._last.get(frame.camera, -1) and (
            result.mode is Mode.LOSSLESS or frame.camera in self._replayed
        ):
            return None
        self._last[frame.camera] = frame.frame_id
        self._replayed.discard(frame.camera)
        if frame.cut:
            self._trackers[frame.camera].cut()
        return self._trackers[frame.camera].update(sighting(result))
