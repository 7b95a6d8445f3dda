"""Measuring the CPU time and the memory of a process and all its descendants."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.pipeline import module_of

SAMPLE_S = 0.1
WALK_S = 0.5
"""How often new processes are looked for and memory is read: both walk through ``/proc``."""
SUPERVISION = "supervision"
"""honcho and the supervisors, beside the names of the stages."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The CPU seconds used up to a moment, by stage.

    Attributes:
        at_s: Wall clock in seconds.
        cpu_s: For each stage the user and system time of its processes, ended ones included.
    """

    at_s: float
    cpu_s: Mapping[str, float]


class TreeSampler:
    """Samples a process and all its descendants while it is entered.

    Of a process that ends up to ``SAMPLE_S`` are missed, and one that lives shorter than
    ``WALK_S`` may be missed altogether.

    Attributes:
        samples: All samples, oldest first.
        peak_pss_mb: The largest sum of memory at one moment, in MB, a page that n processes share
            counting as an n-th of a page for each of them. Where the system does not say so (macOS)
            it is the sum of the resident memory.
    """

    def __init__(self, pid: int) -> None:
        self.samples: list[Sample] = []
        self.peak_pss_mb = 0.0
        self._roots = [psutil.Process(pid)]
        self._stages: dict[psutil.Process, str] = {}
        self._cpu_s: dict[psutil.Process, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> TreeSampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def add_root(self, pid: int) -> None:
        """Sample another process and its descendants, too."""
        self._roots.append(psutil.Process(pid))

    def cpu_between(self, start_s: float, end_s: float) -> dict[str, float]:
        """Return the CPU seconds by stage between two moments of the wall clock.

        Raises:
            RuntimeError: There is no sample between them.
        """
        inside = [sample for sample in self.samples if start_s <= sample.at_s <= end_s]
        if len(inside) < 2:
            raise RuntimeError(f"{len(inside)} samples in {end_s - start_s:.2f} s: expected two")
        first, last = inside[0], inside[-1]
        share = (end_s - start_s) / (last.at_s - first.at_s)
        return {
            stage: share * (cpu_s - first.cpu_s.get(stage, 0.0))
            for stage, cpu_s in last.cpu_s.items()
        }

    def _sample(self) -> None:
        next_walk = 0.0
        while not self._stop.wait(SAMPLE_S):
            if time.monotonic() >= next_walk:
                next_walk = time.monotonic() + WALK_S
                self._find_processes()
                pss = sum(pss_bytes(process) for process in self._stages)
                self.peak_pss_mb = max(self.peak_pss_mb, pss / 1e6)
            for process in self._stages:
                self._cpu_s[process] = max(cpu_s(process), self._cpu_s.get(process, 0.0))
            by_stage: defaultdict[str, float] = defaultdict(float)
            for process, used_s in self._cpu_s.items():
                by_stage[self._stages[process]] += used_s
            self.samples.append(Sample(time.time(), by_stage))

    def _find_processes(self) -> None:
        """Look for new processes; a stage that its supervisor has only just started has no name."""
        for root in self._roots:
            for process in descendants(root):
                if self._stages.get(process, SUPERVISION) == SUPERVISION:
                    self._stages[process] = stage_of(process)


def descendants(root: psutil.Process) -> list[psutil.Process]:
    """Return a process and all below it; nothing where it has ended."""
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def stage_of(process: psutil.Process) -> str:
    """Return the name of the stage that a process runs, such as ``broker``."""
    try:
        command = process.cmdline()
    except psutil.Error:
        return SUPERVISION
    stage, _, last = module_of(command).rpartition(".")
    return stage.rpartition(".")[2] if last == "stage" else SUPERVISION


def cpu_s(process: psutil.Process) -> float:
    """Return the user and system time of a process, 0 where it has ended."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def pss_bytes(process: psutil.Process) -> int:
    """Return the proportional set size of a process, 0 where it has ended."""
    try:
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except OSError:
        text = ""
    sizes = [line.split()[1] for line in text.splitlines() if line.startswith("Pss:")]
    if sizes:
        return int(sizes[0]) * 1024
    try:
        return 0 if Path("/proc/self/smaps_rollup").exists() else int(process.memory_info().rss)
    except psutil.Error:
        return 0
