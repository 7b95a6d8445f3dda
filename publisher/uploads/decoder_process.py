"""A decoder as the publisher sees it: a process that is asked, and killed when it misbehaves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from common.child import STARTER
from common.errors import FerstreamError
from common.picture_size import MAX_PIXELS
from publisher.uploads.decoder_protocol import ANSWER, MOST_BYTES, READY, REQUEST, Verdict

MODULE = "publisher.uploads.decoder"
KEPT_VARIABLES = ("BROKER_ENDPOINT", "LD_LIBRARY_PATH", "PYTHONHOME")
"""All that a decoder gets of the environment, in which passwords may be; the first tells whose it
is."""
END_S = 5.0
"""How long a process whose socket has closed may take to end by itself."""
PART_BYTES = 2**20


class DecoderDiedError(FerstreamError):
    """The process ended before its answer, or has not answered as it should.

    Args:
        code: Its exit code; negative where a signal ended it.
        started: Whether it had been ready.
    """

    def __init__(self, code: int, *, started: bool) -> None:
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        super().__init__(name)
        self.code = code
        self.started = started


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoder's answer: what came of an upload, its size in pixels, and a PPM or JPEG of it."""

    verdict: Verdict
    height: int
    width: int
    picture: bytes


class DecoderProcess:
    """One process, which ends when our end of a socket pair closes, however this one dies.

    Args:
        as_it_is: Whether pixels may travel as they are.

    Attributes:
        was_ready: Whether it has said that it is ready.
    """

    def __init__(self, *, as_it_is: bool) -> None:
        self._as_it_is = as_it_is
        self._socket, theirs = socket.socketpair()
        self.was_ready = False
        environ = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", STARTER, MODULE],
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    env=environ,
                    start_new_session=True,  # Ctrl-C is for the publisher
                )
        except OSError:
            self._socket.close()
            raise

    def decode(self, data: bytes, deadline_s: float) -> Decoded:
        """Have an upload decoded.

        Args:
            data: The upload.
            deadline_s: When to give up, by the monotonic clock.

        Raises:
            TimeoutError: There is no answer in time.
            DecoderDiedError: There will be none.
        """
        try:
            if not self.was_ready:
                self.was_ready = self._receive(len(READY), deadline_s) == READY
            for part in (REQUEST.pack(self._as_it_is, len(data)), data):
                self._socket.settimeout(_left_s(deadline_s))
                self._socket.sendall(part)
            return self._answer(deadline_s)
        except TimeoutError:
            raise
        except OSError as error:
            raise DecoderDiedError(self._exit_code(), started=self.was_ready) from error

    def is_alive(self) -> bool:
        """Return whether the process has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process; who waits for its answer gets an error. For any thread."""
        self._process.kill()

    def close(self) -> None:
        """End the process and leave nothing of it; for who uses it."""
        self.kill()
        self._process.wait()
        self._socket.close()

    def _answer(self, deadline_s: float) -> Decoded:
        number, height, width, size = ANSWER.unpack(self._receive(ANSWER.size, deadline_s))
        is_picture = 0 < height * width <= MAX_PIXELS and 0 < size <= MOST_BYTES
        if number == Verdict.DECODED:
            is_possible = is_picture
        else:
            is_possible = number in Verdict.__members__.values() and size == 0
        if not is_possible:
            self.kill()  # an upload has taken it over
            raise ConnectionError(f"verdict {number}, {width}x{height}, {size} bytes")
        return Decoded(Verdict(number), height, width, self._receive(size, deadline_s))

    def _receive(self, size: int, deadline_s: float) -> bytes:
        parts = []
        while size > 0:
            self._socket.settimeout(_left_s(deadline_s))
            parts.append(self._socket.recv(min(size, PART_BYTES)))
            if not parts[-1]:
                raise ConnectionResetError("it has hung up")
            size -= len(parts[-1])
        return b"".join(parts)

    def _exit_code(self) -> int:
        try:
            return self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s
