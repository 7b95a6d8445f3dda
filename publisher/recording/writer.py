"""Recording pictures in a thread of its own, so that the live view does not wait for it."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common.contract import Mode
from common.counted import counted
from publisher.output_files import RecordError
from publisher.recording.sink import KeptPicture, NotWrittenError, PictureSink

QUEUED_PICTURES = 8
"""In full HD they take 50 MB."""
NICENESS = 10
LOOK_S = 0.2
END_S = 2.5
"""The end may take so long: the supervisor allows three seconds."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordingState:
    """How the recording of pictures goes.

    Attributes:
        path: As it was asked for.
        pictures: How many are written.
        left_out: How many came faster than they could be written.
        trouble: Why it has stopped; None where it goes on.
    """

    path: str
    pictures: int
    left_out: int
    trouble: str | None


class PictureWriter:
    """Hands pictures to a thread that writes them.

    Args:
        path: Where they go, only to show.
        open_sink: Called in that thread when the first picture comes.
    """

    def __init__(self, path: Path, open_sink: Callable[[], PictureSink]) -> None:
        self._path = path
        self._open_sink = open_sink
        self._queue: queue.Queue[KeptPicture | None] = queue.Queue(QUEUED_PICTURES)
        self._thread: threading.Thread | None = None
        self._written = 0
        self._left_out = 0
        self._trouble: str | None = None

    @property
    def state(self) -> RecordingState:
        """How it goes."""
        return RecordingState(str(self._path), self._written, self._left_out, self._trouble)

    def put_picture(self, picture: KeptPicture) -> None:
        """Hand over a picture: of a lossless run as soon as there is room, of another if there is.

        Raises:
            RecordError: A lossless run cannot be recorded.
            RuntimeError: The thread has ended by itself.
        """
        is_lossless = picture.frame.mode is Mode.LOSSLESS
        while self._is_running():
            try:
                self._queue.put(picture, is_lossless, LOOK_S)
            except queue.Full:
                if is_lossless:
                    continue
                self._left_out += 1
                if self._left_out == 1:
                    log.warning("%s: frames come faster than they can be written", self._path)
            break
        if is_lossless and self._trouble is not None:
            raise RecordError(f"{self._trouble}; make room and run again")

    def close(self) -> None:
        """Write what was handed over, and finish the files."""
        if self._thread is None:
            return
        try:
            self._queue.put(None, timeout=END_S)
        except queue.Full:
            log.error("%s is not finished: its disk does not answer", self._path)
            return
        self._thread.join(END_S)
        if self._thread.is_alive():
            log.error("%s is not finished: its last pictures take too long", self._path)
            return
        self._thread = None
        if self._trouble is None:
            text = f", {self._left_out} left out" if self._left_out else ""
            log.info("wrote %s to %s%s", counted(self._written, "picture"), self._path, text)

    def _is_running(self) -> bool:
        """Return whether there is somebody to take a picture; start the thread for the first."""
        if self._trouble is not None:
            return False
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
            self._thread.start()
        elif not self._thread.is_alive() and self._trouble is None:
            raise RuntimeError(f"the thread that writes {self._path} has ended by itself")
        return True

    def _run(self) -> None:
        _step_back()
        try:
            sink = self._open_sink()
            try:
                while (picture := self._queue.get()) is not None:
                    sink.write_picture(picture)
                    self._written += 1
            finally:
                sink.close()
        except NotWrittenError as error:
            self._trouble = str(error)
            log.error("%s; its recording has stopped", error)
            with contextlib.suppress(queue.Empty):  # makes room for whoever waits, and for the end
                while True:
                    self._queue.get_nowait()


def _step_back() -> None:
    """Let all others on a busy machine go before this thread and those that it starts.

    Linux gives each thread a priority of its own; elsewhere it would be that of the whole process.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        niceness = max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread))
        os.setpriority(os.PRIO_PROCESS, thread, niceness)
