"""Images and recordings in, faces and records out: what programs call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from capture.about import about_recording
from capture.recording_feed import RecordingFeed
from capture.source_kind import default_camera_name
from capture.sources.images import read_image
from capture.sources.recordings import open_recording
from capture.sources.source import CapturedFrame, as_bgr
from common.errors import SourceError
from common.pixels import Bgr, Pixels
from common.progress_bar import progress_bar
from ferstream.engine import Engine
from ferstream.faces import Faces, face_of
from ferstream.records import table_of
from ferstream.settings import Settings
from publisher.as_json import Json
from publisher.faces import PublishedFrame


@dataclass(frozen=True, slots=True)
class Analysis:
    """A recording that is being analysed.

    Attributes:
        frames: Its frames with their faces, each as soon as it is asked for.
        metadata: What made them, to be kept with their records.
    """

    frames: Iterable[PublishedFrame]
    metadata: Json


class Analyzer:
    """Finds faces and their expressions in images and recordings; for one thread.

    Args:
        settings: Those of ``Settings``, by name: ``Analyzer(detector="yunet")``.

    Raises:
        ConfigError: One of them is wrong; says what is allowed.
        ModelError: A model's file is damaged.
    """

    def __init__(self, **settings: Any) -> None:
        self._engine = Engine(Settings(**settings))

    @property
    def about(self) -> Json:
        """What its records are made by: version, detector, model and their settings."""
        return self._engine.about

    def analyze(self, image: Pixels | Path | str) -> Faces:
        """Return the faces of an image, which is searched and judged by itself.

        Args:
            image: ``(height, width, 3) uint8`` BGR, as OpenCV reads it, ``(height, width) uint8``
                grey, or the path of a file.

        Raises:
            SourceError: It is no image that can be read.
        """
        bgr = _read(image)
        return Faces(bgr, tuple(map(face_of, self._engine.analyze_image(bgr))))

    def analyze_video(self, path: Path | str, *, progress: bool = True) -> pa.Table:
        """Return the records of a video, an image or a folder of images.

        They are those that a lossless run writes: one a face and frame, with tracks and smoothed
        labels; a frame without a face has one whose fields of faces are null.

        Args:
            path: The recording.
            progress: Whether a bar is shown on a terminal.

        Raises:
            SourceError: It cannot be read.
        """
        with self.opened(path, progress=progress) as analysis:
            return table_of(analysis.frames, analysis.metadata)

    @contextmanager
    def opened(self, path: Path | str, *, progress: bool = False) -> Iterator[Analysis]:
        """Open a recording, and analyse it frame by frame as its frames are asked for.

        Args:
            path: The recording.
            progress: Whether a bar is shown.

        Raises:
            SourceError: It cannot be read.
        """
        path = Path(path).expanduser()
        camera = default_camera_name(str(path.absolute()))
        try:
            feed = RecordingFeed(open_recording(path), paced=False, loops=False)
        except SourceError as error:
            raise SourceError(f"{path}: {error}") from error
        try:
            made_by = self._engine.provenance(camera, about_recording(path, feed))
            frames = self._engine.analyze_frames(camera, _frames_of(feed))
            total = feed.total_frames or None
            bar = progress_bar(frames, path.name, " frames", total=total) if progress else frames
            yield Analysis(bar, made_by.as_json())
        finally:
            feed.close()


def analyze(image: Pixels | Path | str, *, detector: str = "haar") -> Faces:
    """Return the faces of an image, as ``Analyzer(detector=detector).analyze(image)`` does."""
    return _analyzer(detector).analyze(image)


def analyze_video(path: Path | str, *, detector: str = "haar", progress: bool = True) -> pa.Table:
    """Return the records of a recording, as ``Analyzer(detector=detector).analyze_video`` does."""
    return _analyzer(detector).analyze_video(path, progress=progress)


@cache
def _analyzer(detector: str) -> Analyzer:
    return Analyzer(detector=detector)


def _read(image: Pixels | Path | str) -> Bgr:
    if isinstance(image, np.ndarray):
        return np.ascontiguousarray(as_bgr(image))
    try:
        return read_image(Path(image))
    except SourceError as error:
        raise SourceError(f"{image}: {error}") from error


def _frames_of(feed: RecordingFeed) -> Iterator[CapturedFrame]:
    feed.start()
    while (frame := feed.take()) is not None:
        yield frame
