"""A stream server that was not written here, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.pipeline import free_port
from tests.support.programs import needed

PROGRAM = Path(__file__).with_name("gstreamer_camera.py")
SYSTEM_PYTHON = "/usr/bin/python3"  # the only one for which distributions have GStreamer


class GStreamerServer:
    """GStreamer's RTSP server; the test skips where it is not installed.

    Args:
        credentials: ``user:password`` that viewers must give.

    Attributes:
        size: Width and height of its pictures the next time it is opened.
    """

    def __init__(self, credentials: str = "") -> None:
        self.size = (320, 240)
        self._credentials = credentials
        self._port = free_port()
        self.open()

    @property
    def url(self) -> str:
        user = f"{self._credentials}@" if self._credentials else ""
        return f"rtsp://{user}127.0.0.1:{self._port}/live"

    def open(self) -> None:
        """Start it, after ``close`` on the same port as before."""
        given = [self._port, *self.size, *self._credentials.split(":")]
        self._process = subprocess.Popen(
            [needed(SYSTEM_PYTHON), PROGRAM, *(str(each) for each in given if each)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        answer = self._process.stdout.readline().strip()
        if answer != "ready":
            self.close()
            assert answer.startswith("needs "), answer
            pytest.skip(answer)

    def close(self) -> None:
        """Kill it: its connections are closed, and nobody listens."""
        self._process.kill()
        self._process.communicate()

    def freeze(self) -> None:
        """Stop it: connections are accepted and stay, and nothing comes."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def turn(self) -> None:
        """Let width and height of the pictures change places while the stream goes on."""
        self._process.send_signal(signal.SIGUSR1)
