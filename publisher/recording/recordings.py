"""The recordings of pictures that were asked for: annotated, clean, both or none."""

from __future__ import annotations

import os
from pathlib import Path

from common.errors import ConfigError
from publisher.config import VIDEO_ENDING, PublisherConfig
from publisher.drawing.frame_drawing import FrameDrawing
from publisher.faces import PublishedFrame
from publisher.recording.sink import KeptPicture, PictureSink
from publisher.recording.writer import PictureWriter, RecordingState


class Recordings:
    """Has the pictures of every frame written.

    Args:
        config: The settings.
        run_began: As ``is_of_this_run`` has it.

    Raises:
        ConfigError: Both are to go to the same place.
    """

    def __init__(self, config: PublisherConfig, run_began: float | None) -> None:
        if config.record is not None and config.record == config.record_clean:
            raise ConfigError(
                f"PUBLISHER_RECORD_CLEAN={config.record_clean}: expected another path than that of "
                "PUBLISHER_RECORD"
            )
        self._annotated, self._clean = (
            _writer(path, config.jpeg_quality, run_began)
            for path in (config.record, config.record_clean)
        )

    def states(self) -> tuple[RecordingState, ...]:
        """Return how each recording goes."""
        return tuple(one.state for one in (self._annotated, self._clean) if one is not None)

    def record_frame(self, frame: PublishedFrame, drawing: FrameDrawing) -> None:
        """Record a frame.

        Raises:
            RecordError: A lossless run cannot be recorded.
            SourceError: The frame's pixels are gone.
        """
        if self._annotated is not None:
            self._annotated.put_picture(KeptPicture(frame, drawing.annotated()))
        if self._clean is not None:
            self._clean.put_picture(KeptPicture(frame, drawing.clean()))

    def close(self) -> None:
        """Finish all files."""
        for one in (self._annotated, self._clean):
            if one is not None:
                one.close()


def recorded_beside(config: PublisherConfig) -> dict[str, str]:
    """Return what videos are recorded with the results, as paths from the folder of these."""
    if config.results is None:
        return {}
    paths = {"annotated": config.record, "clean": config.record_clean}
    return {
        name: os.path.relpath(path, config.results.parent)
        for name, path in paths.items()
        if path is not None and path.suffix.lower() == VIDEO_ENDING
    }


def _writer(path: Path | None, quality: int, run_began: float | None) -> PictureWriter | None:
    if path is None:
        return None
    return PictureWriter(path, lambda: _open_sink(path, quality, run_began))


def _open_sink(path: Path, quality: int, run_began: float | None) -> PictureSink:
    if path.suffix.lower() == VIDEO_ENDING and not path.is_dir():
        from publisher.recording.videos import CameraVideos  # noqa: PLC0415 - FFmpeg, for those who record

        return CameraVideos(path, run_began)
    from publisher.recording.images import ImageFiles  # noqa: PLC0415 - as above

    return ImageFiles(path, quality, run_began)
