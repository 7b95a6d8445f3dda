"""From uploaded bytes to what may travel on, without decoding them in this process.

Each client has one decoder at most, and there is one more than that: beside somebody whose pictures
take all the time they get, others are served in theirs.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from common.contract import Outcome
from common.picture_size import MAX_PIXELS
from publisher.uploads.decoder_process import Decoded, DecoderDiedError, DecoderProcess
from publisher.uploads.decoder_protocol import MAX_SIDE_PX, MEMORY_BYTES, Verdict
from publisher.uploads.errors import (
    BadImageError,
    ImageTooLargeError,
    NoAnswerError,
    UploadError,
    late,
)
from publisher.uploads.places import SharedPlaces
from publisher.uploads.upload import TravellingImage, Upload

DECODERS = 2
SIGNATURES: Mapping[str, tuple[int, bytes]] = {
    "JPEG": (0, b"\xff\xd8\xff"),
    "PNG": (0, b"\x89PNG\r\n\x1a\n"),
    "GIF": (0, b"GIF8"),
    "WebP": (8, b"WEBP"),
}
"""Where in a file of each format which bytes are. Browsers show all of them; decoders of rarer
formats are not put before the public."""
ENDING = "The pipeline is ending."

T = TypeVar("T")

log = logging.getLogger(__name__)


class Decoders:
    """Processes that decode, started when they are needed; for any number of threads.

    Args:
        as_it_is: Whether pixels may travel as they are, which takes ten times the bytes of a JPEG.
    """

    def __init__(self, *, as_it_is: bool) -> None:
        self._as_it_is = as_it_is
        self._places = SharedPlaces(DECODERS, 1)
        self._lock = threading.Lock()
        self._idle: list[DecoderProcess] = []
        self._busy: list[DecoderProcess] = []
        self._closed = False

    def for_travel(
        self,
        upload: Upload,
        client: str,
        deadline_s: float,
        take: Callable[[TravellingImage], T],
    ) -> T:
        """Make an upload ready for the pipeline; return what ``take`` returns.

        Args:
            upload: The upload.
            client: Who sent it.
            deadline_s: When to give up, by the monotonic clock.
            take: Takes the image. Meanwhile the decoder has no other, so that no more images wait
                there than there are decoders.

        Raises:
            BadImageError: It is not an image of a format that is taken, or is damaged, or takes too
                long.
            ImageTooLargeError: It has too many pixels, or takes too much memory.
            NoAnswerError: It is not done in time, or cannot be done now.
        """
        data = upload.data
        if not any(data[at : at + len(sign)] == sign for at, sign in SIGNATURES.values()):
            raise BadImageError(f"{upload.name} is not an image: send a {' or '.join(SIGNATURES)}")
        if not self._places.take(client, deadline_s):
            raise late(upload.name)
        try:
            decoded = self._decode(upload, deadline_s)
            if decoded.verdict is not Verdict.DECODED:
                raise _refusal(upload.name, decoded)
            return take(TravellingImage(decoded.height, decoded.width, decoded.picture))
        finally:
            self._places.give_back(client)

    def close(self) -> None:
        """End all processes; who waits for one is told that the pipeline is ending."""
        with self._lock:
            self._closed = True
            for process in self._busy:
                process.kill()
            for process in self._idle:
                process.close()
            self._idle.clear()

    def _decode(self, upload: Upload, deadline_s: float) -> Decoded:
        process = self._take()
        try:
            decoded = process.decode(upload.data, deadline_s)
        except TimeoutError:
            self._replace(process)
            raise late(upload.name) from None
        except DecoderDiedError as error:
            self._replace(process)
            raise self._explain(upload.name, error) from error
        self._put_back(process)
        return decoded

    def _take(self) -> DecoderProcess:
        with self._lock:
            if self._closed:
                raise NoAnswerError(Outcome.REFUSED, ENDING)
            for dead in [process for process in self._idle if not process.is_alive()]:
                self._idle.remove(dead)
                dead.close()
            try:
                process = self._idle.pop() if self._idle else self._start()
            except OSError as error:
                raise NoAnswerError(
                    Outcome.REFUSED, f"No decoder can be started: {error.strerror}."
                ) from error
            self._busy.append(process)
            return process

    def _start(self) -> DecoderProcess:
        return DecoderProcess(as_it_is=self._as_it_is)

    def _put_back(self, process: DecoderProcess) -> None:
        with self._lock:
            self._busy.remove(process)
            if self._closed:
                process.close()
            else:
                self._idle.append(process)

    def _replace(self, process: DecoderProcess) -> None:
        """End a process, and start the next one before somebody waits for it."""
        process.close()
        with self._lock:
            self._busy.remove(process)
            if not self._closed and process.was_ready:
                with contextlib.suppress(OSError):  # whoever needs one is told
                    self._idle.append(self._start())

    def _explain(self, name: str, error: DecoderDiedError) -> UploadError:
        """Return what to answer where a decoder has died of an upload."""
        with self._lock:
            if self._closed:
                return NoAnswerError(Outcome.REFUSED, ENDING)
        if not error.started:
            log.error("the decoder of uploads cannot start; it ended with %s", error)
            return NoAnswerError(Outcome.FAILED, "The decoder does not start; the log says why.")
        log.warning("an upload ended its decoder (%s); the next one has another", error)
        if error.code == -signal.SIGKILL:  # as the system does where memory is short
            return NoAnswerError(Outcome.FAILED, f"{name}'s decoder was killed; send it again.")
        if error.code == -signal.SIGPROF:
            return BadImageError(f"{name} takes too long to decode; save it as a plain JPEG")
        return BadImageError(f"{name} is damaged: its decoder ended with {error}")


def _refusal(name: str, decoded: Decoded) -> UploadError:
    """Return what to answer where an upload has not been decoded."""
    if decoded.verdict is Verdict.TOO_MANY_PIXELS:
        most = MAX_PIXELS // 10**6
        return ImageTooLargeError(f"{name} has more than {most} million pixels; make it smaller")
    if decoded.verdict is Verdict.TOO_LONG:
        return ImageTooLargeError(
            f"{name} is {decoded.width}x{decoded.height} pixels; at most {MAX_SIDE_PX} a side "
            "are taken"
        )
    if decoded.verdict is Verdict.TOO_MUCH_MEMORY:
        most = MEMORY_BYTES // 10**6
        return ImageTooLargeError(f"{name} takes more than {most} MB to decode; make it smaller")
    return BadImageError(f"{name} is damaged: it cannot be decoded")
