"""The videos of one run: which camera is recorded to which file.

``out.mp4`` is of the first camera, ``out-door.mp4`` of another that is called door. Where a size
changes, or the publisher had to be started again, the video goes on in ``out.part2.mp4``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path

import av

from publisher.output_files import is_of_this_run, move_aside
from publisher.recording.mp4 import Mp4File
from publisher.recording.sink import KeptPicture, file_name_of, not_written
from publisher.recording.source_clock import SourceClock

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _CameraVideo:
    clock: SourceClock = field(default_factory=SourceClock)
    file: Mp4File | None = None


class CameraVideos:
    """Writes the pictures of each camera to a video of its own.

    Args:
        path: The video of the first camera.
        run_began: As ``is_of_this_run`` has it: a video of an earlier run is moved aside.
    """

    def __init__(self, path: Path, run_began: float | None) -> None:
        self._path = path
        self._run_began = run_began
        self._cameras: dict[str, _CameraVideo] = {}
        self._given: set[Path] = set()
        self._first_camera = title_of(path) if is_of_this_run(path, run_began) else None

    def write_picture(self, picture: KeptPicture) -> None:
        """Write a picture to its camera's video; a new size begins a new one."""
        frame = picture.frame
        video = self._cameras.setdefault(frame.camera, _CameraVideo())
        shape = picture.bgr.shape[:2]
        if video.file is not None and video.file.shape != shape:
            video.file.close()
            video.file = None
        if video.file is None:
            video.file = self._open(frame.camera, *shape)
            if frame.cut and frame.frame_id == 0:
                log.info("the source is images; a PUBLISHER_RECORD that ends in / gets one each")
        video.file.write(picture.bgr, video.clock.time_s(frame.pts_s))

    def close(self) -> None:
        """Finish all videos."""
        with ExitStack() as closing:
            for video in self._cameras.values():
                if video.file is not None:
                    closing.callback(video.file.close)

    def _open(self, camera: str, height: int, width: int) -> Mp4File:
        if self._first_camera is None:
            self._first_camera = camera
        first = self._path if camera == self._first_camera else path_of(self._path, camera)
        path = next(part for part in _parts(first) if not self._is_taken(part))
        self._given.add(path)
        try:
            if path.exists():
                move_aside(path)
        except OSError as error:
            raise not_written(path, error) from error
        log.info("recording camera %s, %dx%d, to %s", camera, width, height, path)
        return Mp4File(path, height, width, camera)

    def _is_taken(self, path: Path) -> bool:
        return path in self._given or is_of_this_run(path, self._run_began)


def path_of(path: Path, camera: str) -> Path:
    """Return the path of a camera's video beside that of the first camera."""
    return path.with_name(f"{path.stem}-{file_name_of(camera)}{path.suffix}")


def parts_of(path: Path) -> list[Path]:
    """Return the videos that there are of a camera, in order; ``path`` is that of the first."""
    return list(takewhile(Path.is_file, _parts(path)))


def title_of(path: Path) -> str | None:
    """Return the camera that a recorded video is of, None where it is damaged or has no title."""
    try:
        with av.open(str(path)) as video:
            title: str | None = video.metadata.get("title")
            return title
    except (OSError, av.FFmpegError):
        return None


def _parts(path: Path) -> Iterator[Path]:
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}.part{number}{path.suffix}")
