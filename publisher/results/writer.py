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
from collections.abc import Callable
from pathlib import Path

from common.contract import Mode
from publisher.as_json import Json
from publisher.faces import PublishedFrame
from publisher.output_files import RecordError, is_of_this_run
from publisher.results.format import CSV_HEADER, csv_lines, json_lines, records_of
from publisher.results.metadata import move_results_aside, write_metadata
from publisher.results.reader import RecordedFrame, cut_incomplete_line, recorded_frames
from publisher.tracking.tracks import Sighting

Replay = Callable[[str, int, Sighting, str], None]
"""Takes the camera, the frame_id, the faces and the source of a frame that is recorded already."""

log = logging.getLogger(__name__)


class ResultsWriter:
    """Writes the records of one frame after the other; ``path`` None writes nothing.

    A writer that is started in place of one that died reads its file first. Each frame found there
    is replayed, so that tracks go on as they were, and counted in ``last_recorded``. Only the very
    last one is in doubt, until the next frame of its camera comes: either it is the same again, and
    ``write_frame`` adds the records that are missing, or a later one, and ``expect_frame`` replays
    the one in doubt, which must have been acknowledged then.

    Args:
        path: A ``.csv`` or ``.jsonl`` file, or None.
        run_began: As ``is_of_this_run`` has it.
        replay: Called with each frame that the process before is sure to have written.

    Attributes:
        written: How many records of this run are in the file.
        trouble: Why it has stopped writing; None while all is well.
        is_continued: Whether the file is that of a process before, of the same run.

    Raises:
        RecordError: The file of the process before cannot be read.
    """

    def __init__(
        self, path: Path | None, run_began: float | None = None, replay: Replay = lambda *_: None
    ) -> None:
        self.path = path
        self.written = 0
        self.trouble: str | None = None
        self.is_continued = path is not None and is_of_this_run(path, run_began)
        self._replay = replay
        self._is_csv = path is not None and path.suffix.lower() == ".csv"
        self._file: io.FileIO | None = None
        self._last: dict[str, int] = {}
        self._in_doubt: RecordedFrame | None = None
        self._metadata: Json = {}
        if path is not None and self.is_continued:
            self._read_back(path)

    @property
    def size_bytes(self) -> int:
        """How much there is in the file, if this writer has opened it."""
        return self._file.tell() if self._file is not None else 0

    def last_recorded(self) -> dict[str, int]:
        """Return the last frame_id that is surely on disk, by camera."""
        return dict(self._last)

    def describe(self, metadata: Json) -> None:
        """Keep beside the file what made it, anew whenever more is known."""
        self._metadata = metadata
        if self.path is not None and self._file is not None:
            write_metadata(self.path, metadata)

    def expect_frame(self, camera: str, frame_id: int) -> None:
        """Prepare for the next frame of a camera, before its faces are followed.

        If the frame in doubt is an earlier one it was acknowledged, is whole, and is replayed now.
        """
        found = self._in_doubt
        if found is not None and found.camera == camera and frame_id > found.frame_id:
            self._in_doubt = None
            self._take_back(found)

    def write_frame(self, frame: PublishedFrame) -> None:
        """Write the records of one frame.

        Raises:
            RecordError: They cannot be written and the run is lossless.
        """
        if self.path is None or self.trouble is not None:
            return
        records = records_of(frame)[self._recorded_of(frame) :]
        data = csv_lines(records) if self._is_csv else json_lines(records)
        try:
            self._append(self.path, data)
        except OSError as error:
            self.give_up(self.path, error, frame.mode)
            return
        self._last[frame.camera] = frame.frame_id
        self.written += len(records)

    def give_up(self, path: Path, error: OSError, mode: Mode) -> None:
        """Stop writing, as ``path`` cannot be written.

        Raises:
            RecordError: The run is lossless.
        """
        self.trouble = f"{path} cannot be written: {error.strerror}"
        self.close()
        if mode is Mode.LOSSLESS:
            raise RecordError(
                f"{self.trouble}; it ends with the last frame that could be written whole; "
                "make room and run again"
            ) from error
        log.error("%s; recording has stopped, the live view goes on", self.trouble)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def finish(self) -> None:
        """Close the file for good: the run has ended."""
        self.close()

    def _recorded_of(self, frame: PublishedFrame) -> int:
        """Return how many records of this frame are on disk; from then on all of them are."""
        found = self._in_doubt
        if found is None or (found.camera, found.frame_id) != (frame.camera, frame.frame_id):
            return 0
        self._in_doubt = None
        return found.records

    def _append(self, path: Path, data: bytes) -> None:
        """Append all of ``data`` or, on an error, nothing."""
        if self._file is None:
            if path.is_file() and not self.is_continued:
                move_results_aside(path)
            self._file = io.FileIO(path, "a")
            if self._metadata:
                write_metadata(path, self._metadata)
            if self._is_csv and self._file.seek(0, io.SEEK_END) == 0:
                data = CSV_HEADER + data
        start = self._file.seek(0, io.SEEK_END)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            if self._file.seekable() and path.is_file():
                self._file.truncate(start)
            raise

    def _read_back(self, path: Path) -> None:
        """Replay what the process before has written, all but its last frame."""
        try:
            cut = cut_incomplete_line(path)
            for frame in recorded_frames(path):
                if self._in_doubt is not None:
                    self._take_back(self._in_doubt)
                self._in_doubt = frame
                self.written += frame.records
        except (OSError, ValueError) as error:
            raise RecordError(f"cannot go on writing {path}: {error}") from error
        log.info("going on with %s (%d bytes of an unfinished record cut off)", path, cut)

    def _take_back(self, frame: RecordedFrame) -> None:
        self._last[frame.camera] = frame.frame_id
        self._replay(frame.camera, frame.frame_id, frame.sighting, frame.source)
