"""Running a command and measuring all its processes together."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_S = 0.05


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command and all its descendants used.

    Attributes:
        wall_s: Time from start to exit.
        cpu_s: User and system time of all processes; the last sample of each, so up to
            ``SAMPLE_S`` of each is missing.
        peak_rss_mb: Largest sum of the resident memory of all processes at one moment; memory that
            processes share counts once for each.
    """

    wall_s: float
    cpu_s: float
    peak_rss_mb: float
    exit_code: int


class TreeSampler:
    """Samples the CPU time and memory of a process and all its descendants until stopped."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._cpu_s: dict[int, float] = {}
        self._peak_rss = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    @property
    def cpu_s(self) -> float:
        """CPU seconds seen so far."""
        return sum(self._cpu_s.values())

    @property
    def peak_rss_mb(self) -> float:
        """Peak of the summed resident memory so far, in MB."""
        return self._peak_rss / 1e6

    def stop(self) -> None:
        """End sampling."""
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            rss = sum(self._sample_one(process) for process in self._processes())
            self._peak_rss = max(self._peak_rss, rss)

    def _sample_one(self, process: psutil.Process) -> int:
        """Note the CPU time of a process and return its resident bytes, 0 where it has ended."""
        try:
            times = process.cpu_times()
            self._cpu_s[process.pid] = times.user + times.system
            return int(process.memory_info().rss)
        except psutil.NoSuchProcess:
            return 0

    def _processes(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def measure(command: Sequence[str], environ: Mapping[str, str], log: Path) -> Usage:
    """Run a command to its end and measure all its processes; its output goes to ``log``.

    Raises:
        SystemExit: It failed; the message ends with the end of its output.
    """
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(environ), stdout=output, stderr=subprocess.STDOUT
        )
        sampler = TreeSampler(process.pid)
        exit_code = process.wait()
        wall_s = time.perf_counter() - started
        sampler.stop()
    if exit_code:
        raise SystemExit(f"exit code {exit_code}; log:\n{log.read_text()[-3000:]}")
    return Usage(wall_s, sampler.cpu_s, sampler.peak_rss_mb, exit_code)
