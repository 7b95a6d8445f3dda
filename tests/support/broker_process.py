"""A broker in a process of its own, with its log, which a test may attack."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import psutil

from tests.support.pipeline import ROOT, free_port, pipeline_environ
from tests.support.waiting import eventually

PROGRAM = """
import resource, runpy, sys
from common.broker import doorkeeper, loop, peers
from common.broker.desks import classification
files, *limits = sys.argv[1:]
del sys.argv[1:]
if int(files):
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(files),) * 2)
for name, value in (limit.split("=") for limit in limits):
    for module in (classification, doorkeeper, loop, peers):
        if hasattr(module, name):
            setattr(module, name, int(value))
runpy.run_module("common.broker.stage", None, "__main__")
"""


class BrokerProcess:
    """``python -m common.broker``, with limits of its own where a test gives some.

    Args:
        directory: Where its socket is.
        limits: Constants of the modules in ``PROGRAM``.
        files: How many files it may have open, 0 for as many as this process may.
    """

    def __init__(self, directory: Path, files: int = 0, **limits: int) -> None:
        self.path = f"{directory}/broker.ipc"
        limits = {"SILENCE_LIMIT_NS": 60_000_000_000} | limits  # no test is to be fast
        sets = [f"{name}={value}" for name, value in limits.items()]
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(files), *sets],
            cwd=ROOT,
            env=pipeline_environ(directory, free_port()),
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        eventually(Path(self.path).is_socket, lambda: f"the broker's socket; {self.lines}")

    def __enter__(self) -> BrokerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()

    @property
    def endpoint(self) -> str:
        return f"ipc://{self.path}"

    @property
    def lives(self) -> bool:
        return self.process.poll() is None

    def used_bytes(self) -> int:
        """Return how much memory it takes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def expect_line(self, text: str) -> str:
        """Wait for a line of its log."""
        found = eventually(
            lambda: [line for line in self.lines if text in line],
            lambda: f"{text!r} in {self.lines}",
        )
        return found[0]

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
