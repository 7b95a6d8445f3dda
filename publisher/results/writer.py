"""The file that records go to, through restarts and full disks.

A frame's records are written in one piece before the frame is acknowledged. The file of an earlier
run is moved aside when the first record of this one comes; what a publisher wrote before its
supervisor had to restart it is kept and continued. The last frame in such a file may have been
interrupted, or acknowledged: so it is not announced as recorded, and if it is sent again only its
missing records are added.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from common.contract import Mode
from common.errors import FerstreamError
from common.messages import Result
from publisher.earlier_files import changed_since, move_aside
from publisher.faces import Face
from publisher.results.format import csv_header, csv_lines, json_lines, records_of
from publisher.results.reader import RecordedFrame, cut_incomplete_line, recorded_frames

log = logging.getLogger(__name__)


class RecordError(FerstreamError):
    """Records of a lossless run cannot be written."""


class ResultsWriter:
    """Writes records; ``path`` None writes nothing.

    Args:
        path: A ``.csv`` or ``.jsonl`` file, or None.
        continues_since: Where this publisher was started in place of one that died: when the first
            of them was, wall clock in seconds. What the file got since then is theirs.
        replay: Called with each frame that the process before is sure to have written.

    Raises:
        RecordError: The file of the process before cannot be read.
    """

    def __init__(
        self,
        path: Path | None,
        continues_since: float | None = None,
        replay: Callable[[RecordedFrame], None] = lambda _: None,
    ) -> None:
        self.path = path
        self.written = 0
        self.trouble = ""
        self._continues = False
        self._is_csv = path is not None and path.suffix.lower() == ".csv"
        self._file: io.FileIO | None = None
        self._last: dict[str, int] = {}
        self._unsure: RecordedFrame | None = None
        if (
            path is not None
            and continues_since is not None
            and changed_since(path, continues_since)
        ):
            self._resume(path, replay)

    def recorded(self) -> dict[str, int]:
        """Give the last frame_id that is surely on disk, by camera."""
        return dict(self._last)

    def settle(self, camera: str, frame_id: int) -> RecordedFrame | None:
        """Tell what the next frame of a camera says about the last one that was found on disk.

        Returns:
            The found frame if a later one shows that it was acknowledged, so that it is whole and
            nobody has replayed it yet; otherwise None.
        """
        unsure = self._unsure
        if unsure is None or unsure.camera != camera or frame_id <= unsure.frame_id:
            return None
        self._unsure = None
        self._last[camera] = unsure.frame_id
        return unsure

    def write(self, result: Result, faces: Sequence[Face]) -> None:
        """Write the records of one frame.

        Raises:
            RecordError: They cannot be written and the run is lossless.
        """
        frame = result.frame
        if self.path is None or self.trouble:
            return
        records = records_of(frame, faces)[self._on_disk(frame.camera, frame.frame_id) :]
        data = csv_lines(records) if self._is_csv else json_lines(records)
        try:
            self._append(self.path, data)
        except OSError as error:
            self._give_up(self.path, error, result.mode)
            return
        self._last[frame.camera] = frame.frame_id
        self.written += len(records)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def finish(self) -> None:
        """Close the file for good: the run has ended."""
        self.close()

    def _on_disk(self, camera: str, frame_id: int) -> int:
        """Give how many records of this frame are on disk; from then on all of them are."""
        unsure = self._unsure
        if unsure is None or (unsure.camera, unsure.frame_id) != (camera, frame_id):
            return 0
        self._unsure = None
        return unsure.records

    def _append(self, path: Path, data: bytes) -> None:
        """Append all of ``data`` or, on an error, nothing."""
        if self._file is None:
            if path.is_file() and not self._continues:
                move_aside(path)
            self._file = io.FileIO(path, "a")
            if self._is_csv and self._file.seek(0, io.SEEK_END) == 0:
                data = csv_header() + data
        start = self._file.seek(0, io.SEEK_END)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            if self._file.seekable() and path.is_file():
                self._file.truncate(start)
            raise

    def _give_up(self, path: Path, error: OSError, mode: str) -> None:
        self.trouble = f"{path} cannot be written: {error.strerror}"
        self.close()
        if mode is Mode.LOSSLESS:
            raise RecordError(
                f"{self.trouble}; it ends with the last frame that could be written whole; "
                "make room and run again"
            ) from error
        log.error("%s; recording has stopped, the live view goes on", self.trouble)

    def _resume(self, path: Path, replay: Callable[[RecordedFrame], None]) -> None:
        try:
            self._continues = True
            cut = cut_incomplete_line(path)
            for frame in recorded_frames(path):
                if self._unsure is not None:
                    self._last[self._unsure.camera] = self._unsure.frame_id
                    replay(self._unsure)
                self._unsure = frame
        except (OSError, ValueError) as error:
            raise RecordError(f"cannot go on writing {path}: {error}") from error
        log.info("going on with %s (%d bytes of an unfinished record cut off)", path, cut)


def open_results(
    path: Path | None,
    continues_since: float | None,
    replay: Callable[[RecordedFrame], None],
) -> ResultsWriter:
    """Make the recorder for a path by its ending; the rest is as ``ResultsWriter`` has it."""
    if path is None or path.suffix.lower() != ".parquet":
        return ResultsWriter(path, continues_since, replay)
    from publisher.results.parquet import ParquetWriter  # noqa: PLC0415 - 50 MB

    return ParquetWriter(path, continues_since, replay)
