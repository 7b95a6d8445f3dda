"""The videos that results are of, and links to moments in them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import quote

import av

from publisher.as_json import Json
from publisher.recording.mp4 import MADE_BY
from publisher.recording.videos import parts_of, path_of
from publisher.report.rows import ReportError

ENDINGS = (".mp4", ".mkv", ".mov", ".webm", ".avi")
LATER_S = 60.0
"""A recorded video is finished so long after the results at most; a later one is of another run."""


def videos_of(
    results: Path, metadata: Json, cameras: Sequence[str], named: Path | None = None
) -> dict[str, list[Path]]:
    """Find the videos of each camera, in order; one that has none is left out.

    Best is one without boxes: what was recorded clean, or the source itself where it is beside the
    results. Then comes what was recorded with boxes, and any video that has the results' name.

    Args:
        results: The file of results.
        metadata: What made them.
        cameras: Their cameras, in the order of their first frames.
        named: The video of the first camera, where the user names one.
    """
    found: dict[str, list[Path]] = {}
    for camera in cameras:
        is_first = camera == cameras[0]
        firsts = [named] if named else _recorded(results, metadata, "clean")
        candidates = [first if is_first else path_of(first, camera) for first in firsts]
        if named is None:
            candidates += _source(results, metadata, camera)
            others = [*_recorded(results, metadata, "annotated"), *_beside(results)]
            candidates += [first if is_first else path_of(first, camera) for first in others]
        parts = next(filter(None, map(parts_of, candidates)), None)
        if parts is not None:
            found[camera] = parts
    return found


def _recorded(results: Path, metadata: Json, which: str) -> list[Path]:
    """Return the video that the run has recorded, if it is still where it was and of this run."""
    name = cast("dict[str, str]", metadata.get("recorded", {})).get(which)
    if name is None:
        return []
    path = results.parent / name
    is_there = path.is_file() and path.stat().st_mtime < results.stat().st_mtime + LATER_S
    return [path] if is_there else []


def _source(results: Path, metadata: Json, camera: str) -> list[Path]:
    """Return the video that was analysed, if it is beside the results."""
    about = cast("dict[str, Json]", metadata.get("cameras", {})).get(camera, {})
    path = results.parent / Path(str(about.get("source"))).name
    is_it = path.is_file() and path.stat().st_size == about.get("bytes")
    return [path] if is_it and path.suffix.lower() in ENDINGS else []


def _beside(results: Path) -> list[Path]:
    named = (results.with_suffix(ending) for ending in ENDINGS)
    return [path for path in named if path.is_file()]


@dataclass(frozen=True, slots=True)
class _Film:
    """A video, whether a publisher has recorded it, and the time of its first picture."""

    path: Path
    is_ours: bool
    start_s: float


class Links:
    """Links from a page to moments in videos.

    Args:
        videos: Those of each camera, in order.
        page: The file that links.

    Raises:
        ReportError: One of them is not a video that can be read.
    """

    def __init__(self, videos: Mapping[str, Sequence[Path]], page: Path) -> None:
        self._folder = page.parent.resolve()
        self._films = {camera: list(map(_film, paths)) for camera, paths in videos.items()}

    def to(self, camera: str, at_s: float, pts_s: float | None) -> str | None:
        """Return the address of a moment, None where no video has it.

        Args:
            camera: The camera.
            at_s: On its clock, which goes on where the source begins again.
            pts_s: In the source; None where that is not known.
        """
        films = self._films.get(camera, [])
        film = next((one for one in reversed(films) if one.start_s <= at_s), None)
        film = film or next(iter(films), None)
        time_s = at_s if film and film.is_ours else pts_s
        if film is None or time_s is None:
            return None
        address = quote(os.path.relpath(film.path.resolve(), self._folder))
        return f"{address}#t={time_s:.3f}".rstrip("0").rstrip(".")


def _film(video: Path) -> _Film:
    try:
        with av.open(str(video)) as container:
            if not container.streams.video:
                raise ReportError(f"{video} has no pictures")
            stream = container.streams.video[0]
            start_s = float((stream.start_time or 0) * (stream.time_base or 0))
            is_ours = container.metadata.get("comment") == MADE_BY
            return _Film(video, is_ours, start_s if is_ours else 0.0)
    except (OSError, av.FFmpegError) as error:
        raise ReportError(f"{video} is not a video that can be read") from error
