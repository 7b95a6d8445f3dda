"""The recordings of pictures that were asked for: annotated, clean, both or none."""

from __future__ import annotations

from pathlib import Path

from common.contract import Mode
from common.errors import ConfigError
from common.messages import Result
from common.pixels import Bgr
from publisher.config import VIDEO_ENDING, PublisherConfig
from publisher.recording.sink import KeptPicture, PictureSink
from publisher.recording.writer import PictureWriter, RecordingState
from publisher.results.writer import RecordError


class Recordings:
    """Keeps copies of pictures and has them written.

    Args:
        config: The settings.
        continues_since: As ``ResultsWriter`` has it.

    Raises:
        ConfigError: Both are to go to the same place.
    """

    def __init__(self, config: PublisherConfig, continues_since: float | None) -> None:
        if config.record is not None and config.record == config.record_clean:
            raise ConfigError(
                f"PUBLISHER_RECORD_CLEAN={config.record_clean}: expected another path than that of "
                "PUBLISHER_RECORD"
            )
        self._annotated, self._clean = (
            _recorder(path, config.jpeg_quality, continues_since)
            for path in (config.record, config.record_clean)
        )

    @property
    def wants_any(self) -> bool:
        """Whether any picture is recorded."""
        return self._annotated is not None or self._clean is not None

    @property
    def wants_annotated(self) -> bool:
        """Whether annotated pictures are recorded."""
        return self._annotated is not None

    def figures(self) -> tuple[RecordingState, ...]:
        """Say how each recording goes."""
        return tuple(one.figures for one in (self._annotated, self._clean) if one is not None)

    def add(self, result: Result, bgr: Bgr, annotated: Bgr | None) -> None:
        """Record a frame.

        Args:
            result: What the frame and its mode are.
            bgr: Its pixels, which are copied where they are recorded.
            annotated: The same with its faces, where that is wanted; never written to again.

        Raises:
            RecordError: A lossless run cannot be recorded.
        """
        if self._annotated is not None and annotated is not None:
            _put(self._annotated, result, annotated)
        if self._clean is not None:
            _put(self._clean, result, bgr.copy())

    def close(self) -> None:
        """Finish all files."""
        for one in (self._annotated, self._clean):
            if one is not None:
                one.close()


def _put(recorder: PictureWriter, result: Result, bgr: Bgr) -> None:
    frame = result.frame
    picture = KeptPicture(frame.camera, frame.frame_id, frame.pts_s, bgr, frame.cut)
    if result.mode is not Mode.LOSSLESS:
        recorder.put_or_leave_out(picture)
        return
    recorder.put_or_wait(picture)
    if trouble := recorder.figures.trouble:
        raise RecordError(f"{trouble}; make room and run again")


def _recorder(
    path: Path | None, quality: int, continues_since: float | None
) -> PictureWriter | None:
    if path is None:
        return None
    return PictureWriter(path, lambda: _open_sink(path, quality, continues_since))


def _open_sink(path: Path, quality: int, continues_since: float | None) -> PictureSink:
    if path.suffix.lower() == VIDEO_ENDING and not path.is_dir():
        from publisher.recording.videos import CameraVideos  # noqa: PLC0415 - FFmpeg, for those who record

        return CameraVideos(path, continues_since)
    from publisher.recording.images import ImageFiles  # noqa: PLC0415 - as above

    return ImageFiles(path, quality, continues_since)
