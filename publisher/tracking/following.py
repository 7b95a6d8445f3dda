"""The faces of every camera, followed through the results in their order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from common.contract import Mode
from common.messages import Result
from publisher.faces import Face
from publisher.tracking.tracks import Sighting, Tracker, sighting


class Following:
    """One tracker a camera, and which frames they have taken in.

    After a restart, of the broker or of this process, a lossless frame may come a second time.
    Taking it in twice would change the tracks, so it is recognised by its frame_id.

    Live, an image is shown again and again. It is judged once: as long as the same is seen, what
    was said of it stands.
    """

    def __init__(self) -> None:
        self._trackers: defaultdict[str, Tracker] = defaultdict(Tracker)
        self._last: dict[str, int] = {}
        self._replayed: dict[str, str] = {}  # the last file of each camera
        self._stills: dict[str, tuple[Sighting, tuple[Face, ...]]] = {}

    def replay(self, camera: str, frame_id: int, seen: Sighting, source: str) -> None:
        """Take in a frame that the process before this one followed and recorded.

        Args:
            camera: The camera.
            frame_id: The number of the frame.
            seen: Its faces.
            source: The name of its file where it has one of its own: another is another image.
        """
        if source != self._replayed.get(camera, ""):
            self._trackers[camera].cut()
        self._trackers[camera].update(seen)
        self._last[camera] = frame_id
        self._replayed[camera] = source

    def follow(self, result: Result) -> tuple[Face, ...] | None:
        """Return the faces of a result, or None where it was followed before."""
        frame = result.frame
        if frame.frame_id <= self._last.get(frame.camera, -1) and (
            result.mode is Mode.LOSSLESS or frame.camera in self._replayed
        ):
            return None
        self._last[frame.camera] = frame.frame_id
        self._replayed.pop(frame.camera, None)
        seen = sighting(result)
        if not frame.cut:
            return self._trackers[frame.camera].update(seen)
        if result.mode is Mode.LIVE:
            return self._judge_still(frame.camera, seen)
        return self._judge_image(frame.camera, seen)

    def _judge_still(self, camera: str, seen: Sighting) -> tuple[Face, ...]:
        picture = replace(seen, pts_s=0.0)
        known = self._stills.get(camera)
        if known is not None and known[0] == picture:
            return known[1]
        faces = self._judge_image(camera, seen)
        if seen.is_whole:
            self._stills[camera] = picture, faces
        return faces

    def _judge_image(self, camera: str, seen: Sighting) -> tuple[Face, ...]:
        """Judge a picture by itself, and show its faces at once."""
        self._trackers[camera].cut()
        return self._trackers[camera].update(seen)
